// `mapwright mcp` with the official clients of the Model Context Protocol: every tool and resource, in every revision
// that they speak, and a tuning of circuit that does what findings suggest.
//
//   node sdk_test.mjs FOLDER MAPWRIGHT     the folder with node_modules, the executable
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [folder, mapwright] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const second = {
  ...require('@modelcontextprotocol/client'),
  ...require('@modelcontextprotocol/client/stdio'),
};
const first = {
  ...require('@modelcontextprotocol/sdk/client/index.js'),
  ...require('@modelcontextprotocol/sdk/client/stdio.js'),
};
const Ajv2020 = require('ajv/dist/2020').default;

// Each way to connect, and the revision that it leads to.
const connections = [
  { name: 'SDK 2, handshake', sdk: second, options: { versionNegotiation: { mode: 'legacy' } }, revision: '2025-11-25' },
  { name: 'SDK 2, negotiated', sdk: second, options: { versionNegotiation: { mode: 'auto' } }, revision: '2026-07-28' },
  {
    name: 'SDK 2, pinned',
    sdk: second,
    options: { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    revision: '2026-07-28',
  },
  { name: 'SDK 1', sdk: first, options: {} },
];

// Takes milliseconds.
const small = { program: 'circuit', size: 'test', nodes: 1 };

class Session {
  constructor(client, tools) {
    this.client = client;
    this.validate = {};
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    for (const tool of tools) {
      assert.ok(ajv.validateSchema(tool.inputSchema), `${tool.name}: ${ajv.errorsText()}`);
      this.validate[tool.name] = ajv.compile(tool.outputSchema);
    }
    this.called = new Set();
  }

  async call(name, args) {
    this.called.add(name);
    const result = await this.client.callTool({ name, arguments: args });
    assert.ok(!result.isError, `${name}: ${JSON.stringify(result.content)}`);
    const validate = this.validate[name];
    assert.ok(validate(result.structuredContent), `${name}: ${JSON.stringify(validate.errors)}`);
    assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
    return result.structuredContent;
  }

  async refuses(name, args, words) {
    const result = await this.client.callTool({ name, arguments: args });
    assert.equal(result.isError, true, name);
    assert.match(result.content[0].text, words);
    assert.equal(JSON.parse(result.content[1].text).schema, 'mapwright.error/1');
  }
}

// As an agent would that does what it is told: each time the edits of the finding that promises most.
async function tune(session) {
  let step = await session.call('propose-and-evaluate', { program: 'circuit', mapper: '', budget: 4, why: 'the default' });
  const run = step.run;
  let statements = [];
  const tried = new Set();
  while (step.left > 0) {
    const finding = step.findings.find((f) => f.edits.length > 0 && !tried.has(f.code + f.suggest));
    if (!finding) break;
    tried.add(finding.code + finding.suggest);
    for (const edit of finding.edits) {
      statements = statements.filter((s) => s !== edit.text);
      if (!edit.remove) statements.push(edit.text);
    }
    const mapper = statements.join('\n');
    assert.equal((await session.call('check', { mapper, program: 'circuit' })).errors, 0, mapper);
    step = await session.call('propose-and-evaluate', { run, mapper, why: finding.suggest });
  }
  assert.ok(step.best.speedup_over_default > 1, JSON.stringify(step.best));
  assert.ok(step.best.speedup_over_expert > 1.2, JSON.stringify(step.best));
  const best = await session.call('best', { run });
  assert.deepEqual(best.best, step.best);
  assert.ok(best.differences.length > 0);
  const again = await session.call('propose-and-evaluate', { run, mapper: `# Again.\n${best.mapper}` });
  assert.equal(again.trial.status, 'duplicate');
  const why = await session.call('explain', { run });
  assert.equal(why.mapper, best.mapper);
  const status = await session.call('status', { run });
  assert.equal(status.executed, step.executed);
  return { run, trials: status.trials.length };
}

async function everything(session) {
  const { client } = session;
  const programs = (await session.call('describe', { topic: 'programs' })).programs.map((p) => p.name);
  assert.ok(programs.includes('circuit'));
  await session.call('describe', { topic: 'machines' });
  const { program } = await session.call('describe', { topic: 'program', ...small });
  assert.ok(program.tasks.some((t) => t.task === 'calculate_new_currents'));
  const { manual } = await session.call('describe', { topic: 'language' });

  const { resources } = await client.listResources();
  assert.deepEqual(resources.map((r) => r.uri).sort(), ['language', 'machines', 'programs'].map((n) => `mapwright://${n}`));
  const read = await client.readResource({ uri: 'mapwright://language' });
  assert.equal(read.contents[0].text, manual);
  assert.equal((await client.listResourceTemplates()).resourceTemplates[0].uriTemplate, 'mapwright://program/{name}');
  await client.readResource({ uri: 'mapwright://program/stencil' });
  await assert.rejects(client.readResource({ uri: 'mapwright://nothing' }), /no such resource/);

  const checked = await session.call('check', { mapper: 'Task * GPU' });
  assert.equal(checked.errors, 1);
  assert.equal((await session.call('check', { mapper: checked.fixed })).errors, 0);
  const placed = await session.call('place', { mapper: '', task: 'a', domain: '4x2' });
  assert.equal(placed.points.length, 8);
  assert.equal((await session.call('run', small)).outcome, 'ok');
  const full = { program: 'circuit', set: { wpp: 20000000 }, mapper: 'Task * GPU, CPU;\nRegion * * GPU FBMEM;' };
  assert.equal((await session.call('run', full)).outcome, 'failed');
  await session.refuses('run', { program: 'circus' }, /did you mean 'circuit'/);
  await session.refuses('run', { ...small, mapper: 'Task * GPU' }, /error\[MW2002\]/);
  await session.refuses('best', { run: 'circuit-1' }, /no run 'circuit-1'/);
  await assert.rejects(client.callTool({ name: 'nothing', arguments: {} }), /Unknown tool/);
}

for (const { name, sdk, options, revision } of connections) {
  const here = mkdtempSync(join(tmpdir(), 'mapwright-mcp-'));
  try {
    const store = join(here, 'runs.db');
    const client = new sdk.Client({ name: 'test', version: '1' }, options);
    const transport = new sdk.StdioClientTransport({ command: mapwright, args: ['mcp', '--store', store], stderr: 'pipe' });
    let said = '';
    transport.stderr?.on('data', (chunk) => (said += chunk));
    client.onerror = (error) => assert.fail(`${name}: ${error}`);
    await client.connect(transport);
    if (revision) assert.equal(client.getNegotiatedProtocolVersion(), revision);
    assert.equal(client.getServerVersion().name, 'mapwright');
    assert.match(client.getInstructions(), /propose-and-evaluate/);
    if (revision !== '2026-07-28') await client.ping();

    const { tools } = await client.listTools();
    const session = new Session(client, tools);
    await everything(session);
    const { run, trials } = await tune(session);
    assert.deepEqual([...session.called].sort(), tools.map((t) => t.name).sort(), 'every tool was called');
    await client.close();
    assert.equal(said, '');

    const runs = JSON.parse(execFileSync(mapwright, ['runs', '--json', '--store', store])).runs;
    assert.equal(runs.length, 1);
    assert.equal(runs[0].run, run);
    assert.equal(runs[0].trials, trials);
    assert.equal(runs[0].strategy, 'agent');
    execFileSync(mapwright, ['resume', run, '--store', store], { cwd: here });
    assert.ok(readFileSync(join(here, run, 'best.mapper'), 'utf8').startsWith('# Tuned for circuit'));
    console.log(`${name}: ${revision ?? 'as it chose'}, ${tools.length} tools, ${trials} trials`);
  } finally {
    rmSync(here, { recursive: true, force: true });
  }
}
