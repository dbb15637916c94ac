// SPDX-License-Identifier: MIT
// Drives Debian's Chromium for tests/browsers.py: browser.mjs FOLDER-WITH-NODE-MODULES CHROMIUM. A line of
// JSON on standard input is a visit, a line on standard output is what came of it.
import {createRequire} from "node:module";
import {createServer} from "node:net";
import {createInterface} from "node:readline";

const [folder, executablePath] = process.argv.slice(2);
const need = createRequire(`${folder}/`);
const {chromium} = need("playwright-core");
const axe = need("axe-core").source;
const AsyncFunction = (async () => {}).constructor;

// The faults that axe-core calls serious or critical, each with where it is.
const judge = async (page) => {
	await page.evaluate(axe);
	const {violations, passes} = await page.evaluate(() => globalThis.axe.run());
	if (!passes.length)
		throw new Error("axe-core looked at nothing");
	return violations.filter(({impact}) => ["serious", "critical"].includes(impact))
		.map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(({html}) => html).join(" ")}`);
};

// What a person sees of the canvas: the colours and how many of its points have each; or of one port.
const colours = (page, port) => page.evaluate((wanted) => {
	const canvas = document.querySelector("canvas");
	const copy = Object.assign(document.createElement("canvas"), {width: canvas.width, height: canvas.height});
	const context = copy.getContext("2d", {willReadFrequently: true});
	context.drawImage(canvas, 0, 0);
	const {data} = context.getImageData(0, 0, copy.width, copy.height);
	const counts = {};
	const hex = (at) => `#${[0, 1, 2].map((n) => data[at * 4 + n].toString(16).padStart(2, "0")).join("")}`;
	for (let at = 0; at < data.length / 4; at++)
		counts[hex(at)] = (counts[hex(at)] || 0) + 1;
	return wanted === undefined ? counts : hex(wanted);
}, port);

// A server on this machine; 0 is a port of the kernel's choice.
const listen = (port) => new Promise((resolve, reject) => {
	const server = createServer().on("error", reject).listen(port, "127.0.0.1", () => resolve(server));
});

const visit = async (browser, {address, code, options}) => {
	const context = await browser.newContext(options);
	const page = await context.newPage();
	const faults = [], requests = [];
	page.on("console", (message) => {
		if (["error", "warning"].includes(message.type()))
			faults.push(message.text());
	});
	page.on("pageerror", (error) => faults.push(String(error)));
	page.on("request", (request) => requests.push(request.url()));
	try {
		page.setDefaultTimeout(10000);
		await page.goto(address);
		const value = await new AsyncFunction("page", "judge", "colours", "listen", code)(page, judge, colours, listen);
		return {value: value === undefined ? null : value, faults, requests};
	} catch (error) {
		return {error: String(error.stack || error), faults, requests};
	} finally {
		await context.close();
	}
};

const browser = await chromium.launch({executablePath, args: ["--disable-gpu", "--disable-background-networking"]});
for await (const line of createInterface({input: process.stdin}))
	console.log(JSON.stringify(await visit(browser, JSON.parse(line))));
await browser.close();
