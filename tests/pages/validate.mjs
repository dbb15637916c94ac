// SPDX-License-Identifier: MIT
// Judges files of HTML by html-validate: validate.mjs FOLDER-WITH-NODE-MODULES LIST, a file a line.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";

const [folder, list] = process.argv.slice(2);
const {HtmlValidate, StaticConfigLoader} = createRequire(`${folder}/`)("html-validate");
const judge = new HtmlValidate(new StaticConfigLoader({
	extends: ["html-validate:standard", "html-validate:a11y"],
	rules: {
		// A page is one long line: it is read by browsers, not by people.
		"no-trailing-whitespace": "off",
	},
}));

const files = readFileSync(list, "utf8").trim().split("\n");
let wrong = 0;
for (const file of files) {
	const report = judge.validateStringSync(readFileSync(file, "utf8"), file);
	for (const {messages} of report.results)
		for (const {ruleId, message, line, column, severity} of messages.filter((one) => one.severity > 1)) {
			wrong++;
			if (wrong < 20)
				console.log(`${file}:${line}:${column}: ${message} [${ruleId}, ${severity}]`);
		}
}
if (wrong)
	process.exitCode = 1;
else
	console.log(`${files.length} pages are valid`);
