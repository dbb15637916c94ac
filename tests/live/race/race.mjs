// SPDX-License-Identifier: MIT
// The same race with get-port: node race.mjs PROCESSES ROUNDS GAP_US. See race.c. Whether two were given one port
// at the same time is counted by the parent, to whom each tells what it was given and when it is done.
import { fork } from 'node:child_process';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const serve = (port, gap) => new Promise(done => {
	const server = net.createServer();
	server.once('error', () => done(false));
	server.listen(port, '0.0.0.0', () => setTimeout(() => server.close(() => done(true)), gap / 1000));
});

async function race(rounds, gap) {
	const { default: getPort } = await import('get-port');
	for (let i = 0; i < rounds; i++) {
		const start = process.hrtime.bigint();
		const port = await getPort();
		const took = Number(process.hrtime.bigint() - start) / 1e3;
		process.send({ port });
		await sleep(gap / 1000);
		process.send({ port, took, lost: !await serve(port, gap) });
	}
	process.disconnect();
}

if (process.argv[2] === 'one') {
	await race(Number(process.argv[3]), Number(process.argv[4]));
} else {
	const [processes, rounds, gap] = process.argv.slice(2).map(Number);
	const given = new Map();
	const said = { way: 'get-port', rounds: 0, lost: 0, doubles: 0, none: 0, obtain_us: 0, seconds: 0 };
	const start = Date.now();
	await Promise.all(Array.from({ length: processes }, () => new Promise(done => {
		const child = fork(process.argv[1], ['one', rounds, gap]);
		child.on('message', ({ port, took, lost }) => {
			const before = given.get(port) ?? 0;
			given.set(port, before + (lost === undefined ? 1 : -1));
			if (lost === undefined)
				said.doubles += before > 0;
			else {
				said.rounds++;
				said.lost += lost;
				said.obtain_us += took;
			}
		});
		child.on('exit', done);
	})));
	said.obtain_us /= said.rounds || 1;
	said.seconds = (Date.now() - start) / 1000;
	console.log(JSON.stringify(said));
}
