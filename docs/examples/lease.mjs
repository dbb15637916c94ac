// SPDX-License-Identifier: MIT
// Leases a port until this program ends: berth-protocol(7) in Node.
import { existsSync } from 'node:fs'
import { connect } from 'node:net'

export function ask (fields) {
  const paths = [...process.argv.slice(3), '/run/berth/leases.sock', `${process.env.XDG_RUNTIME_DIR}/berth/leases.sock`]
  const line = Object.entries(fields).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join(' ')
  return new Promise((resolve, reject) => {
    const made = connect(paths.find(path => existsSync(path)), () => made.end(line + '\n'))
    let said = ''
    made.on('error', reject).on('data', data => { said += data }).on('end', () => {
      const answer = Object.fromEntries(said.trim().split(' ').map(field => field.split(/=(.*)/s)))
      answer.status === 'ok' ? resolve(answer) : reject(new Error(decodeURIComponent(answer.text)))
    })
  })
}

console.log((await ask({ op: 'lease', name: process.argv[2], folder: process.cwd() })).port)
process.stdin.resume().on('end', () => process.exit()) // the server would run here
