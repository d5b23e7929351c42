// The front ends with clients of others: npm `openwhisk`, curl, and hey.
//
//   node soe-live/interop/openwhisk.mjs FOLDER-OF-EXECUTABLES FOLDER-OF-NODE-MODULES [HEY]
//
// Two deployments are started. The first has a controller, a router and two computers, and
// a computer that executes functions on the second through its front end. curl and hey are
// left out if they are not there, with a line that says so. Exit status 0: all agree.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const [folder, modules, hey] = process.argv.slice(2)
const openwhisk = createRequire(path.resolve(modules) + '/')('openwhisk')
const run = promisify(execFile)
const pause = time => new Promise(resolve => setTimeout(resolve, time))
const children = new Set()
const key = 'user:pass'
const work = mkdtempSync(path.join(os.tmpdir(), 'openwhisk-'))
const keys = path.join(work, 'keys')
writeFileSync(keys, `${key}\n`)
// Computers so fast that only the front ends are seen.
const configuration = path.join(work, 'computer.json')
writeFileSync(configuration, JSON.stringify({
  version: '1.0',
  processors: [{ name: 'cpu', type: 'GenericCpu', speed: 1e15, memory: 64e9, cores: 4 }],
  containers: [{
    name: 'container',
    processor: 'cpu',
    'num-workers': 64,
    lambda: {
      name: 'clambda0',
      requirements: 'proportional',
      'op-coeff': 1e6,
      'op-offset': 4e6,
      'mem-coeff': 100,
      'mem-offset': 0,
      'output-type': 'copy-input'
    }
  }]
}))

async function port () {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${port}`
}

function start (program, ...options) {
  const child = spawn(path.join(folder, program), options, { stdio: ['ignore', 'ignore', 'pipe'] })
  child.log = ''
  child.stderr.on('data', data => { child.log += data })
  child.on('exit', () => children.delete(child))
  children.add(child)
  return child
}

async function stop (child) {
  if (child.exitCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}

async function eventually (what, seconds, isSo) {
  const begin = performance.now()
  let last
  while (performance.now() - begin < seconds * 1000) {
    try {
      if (await isSo()) return (performance.now() - begin) / 1000
    } catch (error) { last = error }
    await pause(20)
  }
  throw new Error(`not within ${seconds} s: ${what}${last ? ` (${last.message})` : ''}`)
}

const done = text => console.log(`ok  ${text}`)

async function refused (status, promise) {
  await assert.rejects(promise, error => {
    assert.equal(error.statusCode, status, error.message)
    return true
  })
}

async function proxy (root, router, tables) {
  const child = start('wskproxy', '--wsk-api-root', root, '--server-endpoint', router,
    '--tables-endpoint', tables, '--auth-file', keys, '--call-timeout', '30')
  return child
}

async function computer (place, controller, ...more) {
  return start('edgecomputer', '--server-endpoint', place, '--controller-endpoint', controller,
    '--utilization-endpoint', '', '--conf', `type=file,path=${configuration}`, ...more)
}

async function deployment () {
  const [controller, router, tables, place, ...computers] =
    await Promise.all([port(), port(), port(), port(), port(), port()])
  start('edgecontroller', '--server-endpoint', controller)
  start('edgerouter', '--server-endpoint', router, '--configuration-endpoint', tables,
    '--controller-endpoint', controller)
  for (const place of computers) await computer(place, controller)
  const root = `http://${place}`
  const front = await proxy(root, router, tables)
  const client = openwhisk({ apihost: root, api_key: key })
  await eventually('two computers are known', 20, async () => {
    const actions = await client.actions.list()
    const places = actions[0].annotations.find(it => it.key === 'destinations').value
    return places.length === 2
  })
  return { controller, router, tables, root, front, client }
}

async function withNpmOpenwhisk ({ root, client }) {
  const actions = await client.actions.list({ limit: 200 })
  const names = actions.map(it => it.name)
  assert.ok(names.includes('clambda0'), names)
  const [name] = names
  const input = { input: 'A'.repeat(100) }
  assert.equal((await client.actions.get(name)).exec.kind, 'blackbox')
  assert.deepEqual(await client.namespaces.list(), ['guest'])
  const all = await client.namespaces.get()
  assert.equal(all.actions.length, actions.length)
  done(`actions: ${names.join(', ')}; listed, and shown one by one`)

  const invoke = more => client.actions.invoke({ name, params: input, ...more })
  assert.deepEqual(await invoke({ blocking: true, result: true }), input)
  const record = await invoke({ blocking: true })
  assert.deepEqual(record.response.result, input)
  assert.equal(record.response.status, 'success')
  assert.deepEqual(await client.actions.invoke({ name: `/guest/${name}`, blocking: true, result: true, params: { x: 1 } }), { x: 1 })
  done('blocking invocations return the result, or the whole activation')

  const { activationId } = await invoke({})
  await eventually('the activation is there', 10, () => client.activations.get({ name: activationId }))
  const result = await client.activations.result({ name: activationId })
  assert.deepEqual(result.result, input)
  const { logs } = await client.activations.logs({ name: activationId })
  assert.match(logs[0], /executed by 127\.0\.0\.1:/)
  const list = await client.activations.list({ limit: 5 })
  assert.equal(list[0].activationId, activationId)
  done('an invocation that is not blocking has an activation with result and logs')

  await refused(404, client.actions.invoke({ name: 'none', blocking: true }))
  await refused(404, client.actions.get('none'))
  await refused(404, client.activations.get({ name: '0'.repeat(32) }))
  await refused(405, client.actions.create({ name: 'f', action: 'function main() {}' }))
  await refused(401, openwhisk({ apihost: root, api_key: 'user:wrong' }).actions.list())
  done('unknown actions and activations, deployments and wrong keys are refused')

  const large = { input: 'B'.repeat(1 << 20) }
  assert.deepEqual(await client.actions.invoke({ name, params: large, blocking: true, result: true }), large)
  await refused(413, client.actions.invoke({ name, params: { input: 'C'.repeat(5 << 20) }, blocking: true }))
  done('1 MiB of parameters return; 5 MiB are refused with 413')

  const many = Array.from({ length: 50 }, (_, number) =>
    client.actions.invoke({ name, params: { number }, blocking: true, result: true }))
  assert.deepEqual(await Promise.all(many), many.map((_, number) => ({ number })))
  done('50 invocations at once')
  return name
}

async function withCurl ({ root }, name) {
  try {
    await run('curl', ['--version'])
  } catch {
    return console.log('left out: curl is not there')
  }
  const curl = async (...words) => (await run('curl', ['-sS', '-m', '20', '-u', key, ...words])).stdout
  const url = `${root}/function/${name}`
  const write = ['-o', path.join(work, 'out'), '-w', '%{http_code} %{http_version} %{content_type}']
  assert.equal(await curl('-d', '{"x":1}', url), '{"x":1}')
  assert.equal(await curl(...write, '-d', 'text', url), '200 1.1 text/plain; charset=utf-8')
  assert.equal(await curl(...write, '--http2-prior-knowledge', '-d', '{"x":1}', url), '200 2 application/json')
  const file = path.join(work, 'large')
  writeFileSync(file, 'D'.repeat(3 << 20))
  assert.equal((await curl('--data-binary', `@${file}`, '-o', path.join(work, 'back'), '-w', '%{http_code} %{size_download}', url)), `200 ${3 << 20}`)
  assert.equal(await curl(...write, '-H', 'Transfer-Encoding: chunked', '--data-binary', `@${file}`, url), '200 1.1 text/plain; charset=utf-8')
  writeFileSync(file, 'D'.repeat(5 << 20))
  for (const more of [[], ['-H', 'Expect:'], ['-H', 'Transfer-Encoding: chunked'], ['--http2-prior-knowledge']]) {
    assert.match(await curl(...write, ...more, '--data-binary', `@${file}`, url), /^413 /)
  }
  const list = JSON.parse(await curl(`${root}/system/functions`))
  assert.ok(list.some(it => it.name === name && it.replicas === 2))
  assert.match(await curl(...write, '-X', 'POST', '-d', '{}', `${root}/async-function/${name}`), /^202 /)
  assert.match(await curl(...write, '-u', 'no:one', url), /^401 /)
  assert.equal(await curl(`${root}/healthz`), 'OK\n')
  done('curl: HTTP/1.1 and HTTP/2, 3 MiB both ways, chunked, 413, OpenFaaS paths')
}

async function withHey ({ root }, name) {
  if (!hey) return console.log('left out: hey is not there')
  // Its option -a has no effect in 0.1.4.
  const basic = `Authorization: Basic ${Buffer.from(key).toString('base64')}`
  const { stdout } = await run(hey, ['-n', '2000', '-c', '50', '-m', 'POST', '-H', basic, '-d', '{"input":"AAAA"}', `${root}/function/${name}`])
  assert.match(stdout, /\[200\]\s+2000 responses/, stdout)
  const speed = stdout.match(/Requests\/sec:\s+([\d.]+)/)[1]
  done(`hey: 2000 calls of 50 clients, all answered with 200, ${speed} per second (a debug build)`)
}

async function federation (first, second) {
  const place = await port()
  start('edgecomputerwsk', '--server-endpoint', place, '--controller-endpoint', first.controller,
    '--wsk-api-root', second.root, '--wsk-auth', key)
  const remote = openwhisk({ apihost: first.root, api_key: key })
  const has = async name => (await remote.actions.list({ limit: 200 })).some(it => it.name === name)
  const own = (await second.client.actions.list()).map(it => it.name)[0]
  // The functions of the second deployment have full names in the first.
  const call = () => run(path.join(folder, 'edgeclient'), ['--server-endpoints', first.router,
    '--lambda', `/guest/${own}`, '--max-requests', '1', '--sizes', '100'])
  await eventually('a call is executed by the second deployment', 20, async () =>
    (await call()).stdout.includes(second.root))
  done(`a call of /guest/${own} in the first deployment is executed by ${second.root}`)

  const change = (...words) => run(path.join(folder, 'forwardingtableclient'),
    ['--server-endpoint', second.tables, ...words])
  const entry = ['--lambda', 'fresh', '--destination', '127.0.0.1:1', '--final']
  await change('--action', 'change', ...entry)
  const came = await eventually('a new action is discovered', 2, () => has('fresh'))
  await change('--action', 'remove', ...entry)
  const went = await eventually('an action that is gone is removed', 2, async () => !await has('fresh'))
  done(`discovery: a new action after ${came.toFixed(2)} s, a removed one after ${went.toFixed(2)} s`)

  await stop(second.front)
  assert.doesNotMatch((await call().catch(error => error)).stdout ?? '', /http:/)
  second.front = await proxy(second.root, second.router, second.tables)
  const back = await eventually('calls are executed again', 10, async () =>
    (await call()).stdout.includes(second.root))
  done(`the second front end was restarted: calls are executed again after ${back.toFixed(2)} s`)
}

let status = 0
try {
  const [first, second] = await Promise.all([deployment(), deployment()])
  const name = await withNpmOpenwhisk(first)
  await withCurl(first, name)
  await withHey(first, name)
  await federation(first, second)
} catch (error) {
  console.error(error)
  for (const child of children) console.error(`-- ${child.spawnargs.join(' ')}\n${child.log.split('\n').slice(-6).join('\n')}`)
  status = 1
} finally {
  await Promise.all([...children].map(stop))
}
process.exit(status)
