import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

const root = new URL('../..', import.meta.url)

/** `pnpm@<version>`, as package.json pins it. */
const pnpm = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).packageManager

/** Runs the pinned version of pnpm; npx downloads it once. Ends this process if pnpm fails. */
export function runPnpm(args, options = {}) {
  // stdout is for the output of the command itself; messages of pnpm go to stderr
  const result = spawnSync('npx', ['--yes', pnpm, ...args], {
    cwd: root,
    stdio: ['inherit', options.output ? 'inherit' : options.quiet ? 'pipe' : 2, options.quiet ? 'pipe' : 'inherit'],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', npm_config_update_notifier: 'false' },
  })
  if (result.error) throw result.error
  if (result.status === 0) return
  if (options.quiet) process.stderr.write(Buffer.concat([result.stdout, result.stderr]))
  process.stderr.write(`\n${['pnpm', ...args].join(' ')} failed.\n`)
  process.exit(result.status ?? 1)
}

/** Contains a hash of the installation: of the lockfile, of every manifest, and of the folders that pnpm made. */
const INSTALLED = new URL('node_modules/.dwh-installed', root)

/** Installs the dependencies of the lockfile, unless they are installed. */
export function install() {
  const wanted = installation()
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === wanted) return
  process.stderr.write('Installing the dependencies of @dwh (once) ...\n')
  runPnpm(['install', '--frozen-lockfile', '--prefer-offline'], { quiet: true })
  writeFileSync(INSTALLED, installation())
}

/** Installs the dependencies and builds every package; quick if both are up to date. */
export function prepare() {
  install()
  process.stderr.write('Building @dwh (once) ...\n')
  runPnpm(['exec', 'turbo', 'run', 'build'], { quiet: true })
}

function installation() {
  const hash = createHash('sha256')
  const read = (path) => hash.update(`${path}\n`).update(readFileSync(new URL(path, root)))
  for (const path of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']) read(path)
  for (const folder of members()) {
    read(`${folder}/package.json`)
    hash.update(existsSync(new URL(`${folder}/node_modules`, root)) ? 'has its own\n' : 'has none\n')
  }
  return hash.digest('hex')
}

/** Returns the existing folders of pnpm-workspace.yaml. */
function members() {
  const [, listed = ''] =
    /^packages:\n((?: +- .*\n)+)/m.exec(readFileSync(new URL('pnpm-workspace.yaml', root), 'utf8')) ?? []
  return [...listed.matchAll(/- (\S+)/g)]
    .flatMap(([, pattern]) => foldersOf(pattern))
    .filter((folder) => existsSync(new URL(`${folder}/package.json`, root)))
}

// expands a pattern of pnpm-workspace.yaml: each part is a name, or a star for every folder
function foldersOf(pattern) {
  return pattern
    .split('/')
    .reduce(
      (folders, part) =>
        part === '*'
          ? folders.flatMap((folder) => foldersIn(folder).map((name) => `${folder}/${name}`))
          : folders.map((folder) => (folder === '' ? part : `${folder}/${part}`)),
      [''],
    )
}

function foldersIn(folder) {
  const entries = readdirSync(new URL(folder, root), { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}
