// SPDX-License-Identifier: MIT
// The search of the index: numbers, names of the registry, owners by custom. Without it the lists lead
// to every port.
"use strict";
(() => {
	const most = 50;
	const form = document.getElementById("search");
	const query = document.getElementById("query");
	const found = document.getElementById("found");
	const count = document.getElementById("count");

	const rank = ([port, name, owner], text) => {
		const number = String(port), names = [name.toLowerCase(), (owner || "").toLowerCase()];
		if (number === text || names.includes(text))
			return 0;
		if (number.startsWith(text) || names.some((one) => one.startsWith(text)))
			return 1;
		return names.some((one) => one.includes(text)) ? 2 : 3;
	};

	const search = (text) => {
		const rows = berthPorts.map((row) => [rank(row, text), row]).filter(([at]) => at < 3);
		if (/^\d{1,5}$/.test(text) && Number(text) <= 65535 &&
			!rows.some(([, [port]]) => port === Number(text)))
			rows.push([0, [Number(text), ""]]);
		return rows.sort(([a, [p]], [b, [q]]) => a - b || p - q).map(([, row]) => row);
	};

	const address = (port) => `${String(Math.floor(port / 1024)).padStart(2, "0")}/${port}.html`;

	const show = () => {
		const text = query.value.trim().toLowerCase();
		const rows = text ? search(text) : [];
		found.replaceChildren(...rows.slice(0, most).map(([port, name, owner]) => {
			const item = document.createElement("li"), link = document.createElement("a");
			link.href = address(port);
			link.textContent = port;
			item.append(link, " ", [name, owner].filter(Boolean).join(" · "));
			return item;
		}));
		count.textContent = !text ? "" : rows.length > most ?
			`${rows.length} ports, the first ${most} of them:` :
			rows.length === 1 ? "1 port" : `${rows.length} ports`;
	};

	form.hidden = false;
	query.addEventListener("input", show);
	form.addEventListener("submit", (event) => {
		const first = found.querySelector("a");
		event.preventDefault();
		if (first)
			location.href = first.href;
	});
})();
