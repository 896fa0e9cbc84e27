import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, pythonEnvironment, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ROOT } from './build-image.ts'
import { type ContainerOptions, runContainer, startContainer } from './container.ts'
import { imageConfig } from './image-config.ts'
import { type TestImages, testImages } from './test-images.ts'
import { testVolume } from './test-volume.ts'
import { until } from './until.ts'

const run = promisify(execFile)
const FOLDER = join(ROOT, 'docker/kubernetes')
const BUILD_TIMEOUT_MS = 900_000

interface PodSpec {
  readonly automountServiceAccountToken: boolean
  readonly securityContext: Readonly<Record<string, unknown>> & {
    readonly runAsUser: number
    readonly runAsGroup: number
  }
  readonly containers: readonly [
    {
      readonly name: string
      readonly image: string
      readonly command?: readonly string[]
      readonly args?: readonly string[]
      readonly envFrom: readonly Readonly<Record<string, { readonly name: string }>>[]
      readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
      readonly livenessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } }
      readonly readinessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } }
      readonly securityContext: Readonly<Record<string, unknown>>
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
    },
  ]
  readonly volumes: readonly {
    readonly name: string
    readonly persistentVolumeClaim?: { readonly claimName: string }
  }[]
}

interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: each kind has different fields
  readonly spec?: any
}

async function documents(file: string): Promise<Resource[]> {
  return parseAllDocuments(await readFile(join(FOLDER, file), 'utf8')).map((document) => document.toJS())
}

async function podOf(file: 'scheduler.yaml' | 'cronjob.yaml'): Promise<PodSpec> {
  const [resource] = await documents(file)
  const template = resource?.kind === 'CronJob' ? resource.spec.jobTemplate.spec.template : resource?.spec.template
  return template.spec
}

const PODS = ['scheduler.yaml', 'cronjob.yaml'] as const

/** The oldest supported version, and the newest. */
const VERSIONS = ['1.34', '1.37']

async function validate(version: string, ...files: string[]): Promise<string> {
  const requirements = await readFile(new URL('../requirements.txt', import.meta.url), 'utf8')
  const folder = await pythonEnvironment('kubernetes-validate', requirements)
  const { stdout, stderr } = await run(join(folder, 'bin/kubernetes-validate'), ['--strict', '-k', version, ...files])
  return stdout + stderr
}

test.each(VERSIONS)('Kubernetes %s: every file matches the schemas, without unknown fields', async (version) => {
  const files = (await readdir(FOLDER)).filter((name) => name !== 'kustomization.yaml')
  const said = await validate(version, ...files.map((name) => join(FOLDER, name)))
  expect(said.match(/ passed for resource /g)).toHaveLength(6)
})

test('a misspelt field: rejected', async () => {
  const file = join(await temporaryFolder(), 'scheduler.yaml')
  const text = await readFile(join(FOLDER, 'scheduler.yaml'), 'utf8')
  await writeFile(file, text.replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'))
  await expect(validate('1.37', file)).rejects.toMatchObject({
    stdout: expect.stringContaining('readOnlyRootFileSystem'),
  })
})

// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
test.each(PODS)('%s: fulfils the restricted profile', async (file) => {
  const [namespace] = await documents('namespace.yaml')
  expect(namespace).toMatchObject({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } })
  const pod = await podOf(file)
  expect(Object.keys(pod)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^host|^initContainers$/)]))
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  expect(pod.automountServiceAccountToken).toBe(false)
  expect(pod.containers).toHaveLength(1)
  expect(pod.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
})

test('references between files: each exists', async () => {
  const resources = await documents('config.yaml')
  const names = resources.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)
  for (const file of PODS) {
    const { containers, volumes } = await podOf(file)
    expect(containers[0].envFrom).toEqual([{ configMapRef: { name: 'dwh' } }, { secretRef: { name: 'dwh' } }])
    expect(volumes.find(({ name }) => name === 'warehouse')?.persistentVolumeClaim).toEqual({ claimName: 'warehouse' })
    expect(containers[0].volumeMounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name))
  }
  expect(names).toEqual(['ConfigMap dwh/dwh', 'Secret dwh/dwh', 'PersistentVolumeClaim dwh/warehouse'])
  const [kustomization] = await documents('kustomization.yaml')
  const { resources: listed, images } = kustomization as unknown as { resources: string[]; images: { name: string }[] }
  expect(await readdir(FOLDER)).toEqual(expect.arrayContaining(listed))
  expect(images.map(({ name }) => name)).toEqual([(await podOf('scheduler.yaml')).containers[0].image])
})

describe('each pod as in the file, but on loopback', () => {
  let images: TestImages
  beforeAll(async () => {
    images = await testImages()
  }, BUILD_TIMEOUT_MS)

  const volume = () => testVolume(images.engine)

  /** Starts a pod's container, with the environment from its ConfigMap and Secret. */
  async function here(pod: PodSpec, warehouse: string, env: Record<string, string>): Promise<ContainerOptions> {
    const { command, args, volumeMounts } = pod.containers[0]
    const [config, secret] = await documents('config.yaml')
    const places = volumeMounts.map(async ({ name, mountPath }) =>
      name === 'warehouse' ? `${warehouse}:${mountPath}` : `${await volume()}:${mountPath}`,
    )
    const { runAsUser, runAsGroup } = pod.securityContext
    return {
      image: images.plain,
      command: [...(command ?? []), ...(args ?? [])],
      env: { ...config?.data, ...secret?.stringData, ...env },
      volumes: await Promise.all(places),
      flags: ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', `--user=${runAsUser}:${runAsGroup}`],
    }
  }

  test('a run by the job, then the scheduler', async () => {
    const database = await testDatabase('CREATE TABLE t AS SELECT 1 AS n')
    const warehouse = await volume()
    const env = { DATABASE_URL: database.url }
    const job = await runContainer(images.engine, await here(await podOf('cronjob.yaml'), warehouse, env))
    expect(job, job.log).toMatchObject({
      code: 0,
      log: expect.stringMatching(/Published .*: 1 table, .* to \/warehouse/),
    })

    const pod = await podOf('scheduler.yaml')
    const { ports, livenessProbe, readinessProbe } = pod.containers[0]
    const { Env } = await imageConfig(images.engine, images.plain)
    expect(Env).toContain(`DWH_LISTEN=0.0.0.0:${ports?.[0]?.containerPort}`)
    const listen = `127.0.0.1:${await freePort()}`
    const options = await here(pod, warehouse, { ...env, DWH_LISTEN: listen })
    const scheduler = await startContainer(images.engine, options)
    onTestFinished(() => scheduler.remove())
    for (const probe of [livenessProbe, readinessProbe]) {
      expect(probe?.httpGet.port).toBe(ports?.[0]?.name)
      await until('the probe', () =>
        fetch(`http://${listen}${probe?.httpGet.path}`).then(
          ({ ok }) => ok,
          () => false,
        ),
      )
    }
    expect(await scheduler.stop(20)).toMatchObject({ code: 0 })
  })

  test('wrong configuration: an exit code for which the job is not retried', async () => {
    const [job] = (await documents('cronjob.yaml')) as [Resource]
    const [rule] = job.spec.jobTemplate.spec.podFailurePolicy.rules
    const { containers } = await podOf('cronjob.yaml')
    expect(rule.onExitCodes.containerName).toBe(containers[0].name)
    const options = await here(await podOf('cronjob.yaml'), await volume(), { DATABASE_URL: '' })
    const { code } = await runContainer(images.engine, options)
    expect(rule.onExitCodes.values).toContain(code)
  })
})
