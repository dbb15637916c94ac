// SPDX-License-Identifier: MIT
// The official clients in front of a server: node client.mjs WHICH COMMAND…. WHICH is "sdk", the one of versions with a
// handshake, or "auto", the one that asks for the newest version first. Takes a request as JSON a line, ["list"] or
// ["call", NAME, ARGUMENTS], and prints what came of it: {result} or {error: {code, message}}. Ends with its input.

import { createInterface } from 'node:readline';

const [which, command, ...args] = process.argv.slice(2);
const { Client } = await import(which === 'sdk' ? '@modelcontextprotocol/sdk/client/index.js' : '@modelcontextprotocol/client');
const { StdioClientTransport } = await import(
	which === 'sdk' ? '@modelcontextprotocol/sdk/client/stdio.js' : '@modelcontextprotocol/client/stdio');
const client = new Client({ name: 'berth-tests', version: '1' }, which === 'sdk' ? {} : { versionNegotiation: { mode: which } });
const print = (value) => console.log(JSON.stringify(value));

client.onerror = (error) => print({ broken: String(error) });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' }));
print({
	server: client.getServerVersion(), capabilities: client.getServerCapabilities(),
	instructions: client.getInstructions(), pid: client.transport.pid,
	version: which === 'sdk' ? null : client.getNegotiatedProtocolVersion(),
});
for await (const line of createInterface({ input: process.stdin })) {
	const [what, name, given] = JSON.parse(line);
	try {
		// Having listed tools, the clients check structured content by their output schemas.
		print({ result: what === 'list' ? await client.listTools() : await client.callTool({ name, arguments: given }) });
	} catch (error) {
		print({ error: { code: error.code ?? null, message: String(error.message) } });
	}
}
await client.close();
