import { type Engine, engineCall } from './engine.ts'

/** The configuration of an image: https://github.com/moby/docker-image-spec/blob/main/spec.md */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Cmd: readonly string[]
  readonly Entrypoint?: readonly string[] | null
  readonly WorkingDir: string
  readonly StopSignal: string
  readonly Volumes: Readonly<Record<string, object>>
  readonly ExposedPorts: Readonly<Record<string, object>>
  readonly Labels: Readonly<Record<string, string>>
  readonly Healthcheck: { readonly Test: readonly string[] }
}

export async function imageConfig(engine: Engine, image: string): Promise<ImageConfig> {
  const [found] = JSON.parse(await engineCall(engine, ['image', 'inspect', image]))
  // docker has it inside the configuration, podman beside it
  return { Healthcheck: found.Healthcheck, ...found.Config }
}
