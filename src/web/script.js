// SPDX-License-Identifier: MIT
// What pages can do with a script: the search and the map of the index, and, where they are served,
// what is on this machine as it changes. Without it the lists lead to every port.
"use strict";
(() => {
	const SIDE = 256, PORTS = SIDE * SIDE, USED = 8, SEEN = 6, LEASED = 7, HEATS = 8;
	const served = document.body.dataset.served !== undefined;
	const byId = (id) => document.getElementById(id);
	// ports.js, which only the index has
	const names = new Map((typeof berthPorts === "undefined" ? [] : berthPorts).map((row) => [row[0], row]));
	const users = new Map(); // of ports: names of processes on this machine

	const address = (port) => served ? `/${port}` :
		`${String(Math.floor(port / 1024)).padStart(2, "0")}/${port}.html`;
	const about = (port) => {
		const [, name, owner] = names.get(port) || [];
		const here = users.has(port) ? `here: ${users.get(port) || "owner not known"}` : "";
		return [name, owner && owner !== name ? owner : "", here].filter(Boolean).join(" · ");
	};
	const make = (tag, properties, ...children) => {
		const element = Object.assign(document.createElement(tag), properties);
		element.append(...children);
		return element;
	};

	// ---- Search ----------------------------------------------------------------------------

	const search = () => {
		const most = 50;
		const form = byId("search"), query = byId("query"), found = byId("found"), count = byId("count");

		const rank = (port, text) => {
			const [, name, owner] = names.get(port) || [];
			const words = [String(port), name, owner, users.get(port)].filter(Boolean)
				.map((word) => word.toLowerCase());
			if (words.includes(text))
				return 0;
			if (words.some((word) => word.startsWith(text)))
				return 1;
			return words.slice(1).some((word) => word.includes(text)) ? 2 : 3;
		};
		const matches = (text) => {
			const ports = new Set([...names.keys(), ...users.keys()]);
			if (/^\d{1,5}$/.test(text) && Number(text) < PORTS)
				ports.add(Number(text));
			return [...ports].map((port) => [rank(port, text), port]).filter(([at]) => at < 3)
				.sort(([a, p], [b, q]) => a - b || p - q).map(([, port]) => port);
		};
		const show = () => {
			const text = query.value.trim().toLowerCase();
			const ports = text ? matches(text) : [];
			found.replaceChildren(...ports.slice(0, most).map((port) =>
				make("li", {}, make("a", {href: address(port), textContent: port}), ` ${about(port)}`)));
			count.textContent = !text ? "" : ports.length > most ?
				`${ports.length} ports, the first ${most} of them:` :
				ports.length === 1 ? "1 port" : `${ports.length} ports`;
		};

		form.hidden = false;
		query.addEventListener("input", show);
		form.addEventListener("submit", (event) => {
			const first = found.querySelector("a");
			event.preventDefault();
			if (first)
				location.href = first.href;
		});
	};

	// ---- Map -------------------------------------------------------------------------------

	// Which port stands at each place of the picture; as in atlas.c.
	const places = (curve) => {
		const ports = new Uint16Array(PORTS);
		for (let at = 0; at < PORTS; at++) {
			let x = at % SIDE, y = Math.floor(at / SIDE), port = 0;
			for (let half = SIDE / 2; curve && half; half /= 2) {
				const right = x & half ? 1 : 0, low = y & half ? 1 : 0;
				port += half * half * ((3 * right) ^ low);
				if (!low && right)
					[x, y] = [SIDE - 1 - x, SIDE - 1 - y];
				if (!low)
					[x, y] = [y, x];
			}
			ports[at] = curve ? port : at;
		}
		return ports;
	};

	const map = () => {
		const sheet = byId("sheet"), reading = byId("reading"), legend = byId("legend");
		const canvas = make("canvas", {width: SIDE, height: SIDE});
		const mark = make("div", {className: "mark", hidden: true});
		const kinds = new Uint16Array(PORTS), heat = new Uint8Array(PORTS), hidden = new Set();
		const lengths = ["", "for less than a minute", "for minutes", "for less than an hour", "for hours",
			"for less than a day", "for days", "for more than a week"]; // as in atlas_heat()
		const items = [...legend.children], labels = new Map(), boxes = new Map();
		let ports = places(false), at = -1;

		const fill = (values, runs) => {
			for (let i = 0, port = 0; i < runs.length; port += runs[i + 1], i += 2)
				values.fill(runs[i], port, port + runs[i + 1]);
		};
		fill(kinds, berthRuns);

		const shown = (port) => {
			for (let kind = USED; kind > 0; kind--)
				if (kinds[port] >> kind & 1 && !hidden.has(kind))
					return kind;
			return 0;
		};
		const draw = () => {
			const style = getComputedStyle(document.documentElement);
			const colours = [...Array(USED + 1).keys()].map((kind) => {
				const hex = style.getPropertyValue(`--k${kind}`).trim();
				return [1, 3, 5].map((from) => parseInt(hex.slice(from, from + 2), 16));
			});
			// Of what was in use before, the longer the stronger.
			const heats = [...Array(HEATS).keys()].map((level) => colours[0].map((from, i) =>
				from + (colours[SEEN][i] - from) * (level + 4) / (HEATS + 3)));
			const context = canvas.getContext("2d"), image = context.createImageData(SIDE, SIDE);
			for (let place = 0; place < PORTS; place++) {
				const kind = shown(ports[place]);
				image.data.set([...kind === SEEN ? heats[heat[ports[place]]] : colours[kind], 255], place * 4);
			}
			context.putImageData(image, 0, 0);
		};
		const read = (place) => {
			at = place;
			mark.hidden = false;
			mark.style.left = `${place % SIDE / SIDE * 100}%`;
			mark.style.top = `${Math.floor(place / SIDE) / SIDE * 100}%`;
			const port = ports[place];
			const kind = [...labels.keys()].filter((one) => kinds[port] >> one & 1)
				.map((one) => labels.get(one) + (one === SEEN ? ` ${lengths[heat[port]]}` : ""));
			reading.replaceChildren(
				make("strong", {}, make("a", {href: address(port), textContent: port})),
				kind.join(", ") || "unassigned", make("br", {}), about(port));
		};
		const place = (event) => {
			const box = canvas.getBoundingClientRect();
			const along = (from, size) => Math.min(SIDE - 1, Math.max(0, Math.floor(from / size * SIDE)));
			return along(event.clientY - box.top, box.height) * SIDE + along(event.clientX - box.left, box.width);
		};
		const go = (event, step) => {
			event.preventDefault();
			const x = at % SIDE + step[0], y = Math.floor(at / SIDE) + step[1];
			read(at < 0 ? 0 : Math.min(SIDE - 1, Math.max(0, y)) * SIDE + Math.min(SIDE - 1, Math.max(0, x)));
		};
		const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
			PageUp: [0, -16], PageDown: [0, 16], Home: [-SIDE, 0], End: [SIDE, 0]};

		sheet.replaceChildren(canvas, mark);
		sheet.tabIndex = 0;
		sheet.setAttribute("role", "application");
		sheet.setAttribute("aria-label", "Map of all ports: arrow keys read a port, Enter opens it");
		sheet.addEventListener("keydown", (event) => {
			if (steps[event.key])
				go(event, steps[event.key]);
			else if (event.key === "Enter" && at >= 0)
				location.href = address(ports[at]);
		});
		sheet.addEventListener("pointermove", (event) => {
			if (event.pointerType === "mouse")
				read(place(event));
		});
		// A finger covers many ports: it reads first, and opens what it read.
		sheet.addEventListener("click", (event) => {
			const before = at;
			read(place(event));
			if (event.pointerType !== "touch" || before === at)
				location.href = address(ports[at]);
		});

		for (const item of items) {
			const kind = Number(item.dataset.kind), text = item.textContent;
			const box = make("input", {type: "checkbox", checked: true});
			if (!kind)
				continue;
			labels.set(kind, text);
			box.addEventListener("change", () => {
				box.checked ? hidden.delete(kind) : hidden.add(kind);
				draw();
			});
			item.replaceChildren(make("label", {}, text, box));
			boxes.set(kind, box);
		}
		const curve = make("input", {type: "checkbox"});
		curve.addEventListener("change", () => {
			const port = at < 0 ? -1 : ports[at];
			ports = places(curve.checked);
			draw();
			if (port >= 0)
				read(ports.indexOf(port));
		});
		legend.append(make("li", {className: "curve"}, make("label", {}, "along Hilbert’s curve", curve)));
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
		draw();
		reading.textContent = "Point at a port, or focus the map and use the arrow keys: 0 is at the top left, 256 are in a row.";

		// What cannot be read is no empty layer: its switch says so.
		const allow = (kind, known) => {
			const box = boxes.get(kind);
			if (box && box.disabled === known) {
				box.disabled = !known;
				box.checked = known && !hidden.has(kind);
				box.parentNode.firstChild.textContent = labels.get(kind) + (known ? "" : " (not known)");
			}
		};
		return (told) => {
			fill(kinds, told.runs);
			allow(LEASED, told.leases);
			if (told.heat)
				fill(heat, told.heat);
			for (let port = 0; port < PORTS; port++)
				kinds[port] = kinds[port] & ~(1 << SEEN) | (heat[port] > 0) << SEEN;
			if (told.asked)
				allow(SEEN, told.heat !== null);
			draw();
			if (at >= 0)
				read(at);
		};
	};

	// ---- This machine ----------------------------------------------------------------------

	let history = -Infinity; // when the history was last asked for: it is long
	const listen = async (redraw) => {
		const asked = performance.now() - history > 60000;
		const [answer, map] = await Promise.all([fetch("/api/ls?all"), fetch(asked ? "/api/map?all" : "/api/map")]);
		if (!answer.ok || !map.ok)
			return;
		if (asked)
			history = performance.now();
		users.clear();
		for (const socket of (await answer.json()).sockets) {
			const port = socket.local.port;
			const owners = socket.owners.map((owner) => owner.name);
			if (port)
				users.set(port, [...new Set([...(users.get(port) || "").split(", "), ...owners])].filter(Boolean).join(", "));
		}
		redraw({...await map.json(), asked});
	};

	// The parts of a port's page that are about this machine take the place of those that are old.
	const renew = async () => {
		const answer = await fetch(location.pathname);
		if (!answer.ok)
			return;
		const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
		for (const id of ["verdict", "here"]) {
			const old = byId(id), now = fresh.getElementById(id);
			if (old && now && old.innerHTML !== now.innerHTML)
				old.replaceWith(document.adoptNode(now));
		}
	};

	if (byId("search"))
		search();
	const redraw = byId("sheet") ? map() : null;
	if (served) {
		const change = redraw ? () => listen(redraw) : renew;
		new EventSource("/events").addEventListener("change", change);
		if (redraw)
			change();
	}
})();
