// SPDX-License-Identifier: MIT
// The official client in front of a server: node client.mjs COMMAND…. Takes a request as JSON a line, ["list"] or
// ["call", NAME, ARGUMENTS], and prints what came of it: {result} or {error: {code, message}}. Ends with its input.

import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: 'berth-tests', version: '1' });
const print = (value) => console.log(JSON.stringify(value));

client.onerror = (error) => print({ broken: String(error) });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' }));
print({
	server: client.getServerVersion(), capabilities: client.getServerCapabilities(),
	instructions: client.getInstructions(), pid: client.transport.pid,
});
for await (const line of createInterface({ input: process.stdin })) {
	const [what, name, given] = JSON.parse(line);
	try {
		// Having listed tools, the client checks structured content by their output schemas.
		print({ result: what === 'list' ? await client.listTools() : await client.callTool({ name, arguments: given }) });
	} catch (error) {
		print({ error: { code: error.code ?? null, message: String(error.message) } });
	}
}
await client.close();
