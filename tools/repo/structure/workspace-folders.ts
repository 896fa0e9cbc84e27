import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Lists the packages in a folder, such as `packages/core`. What an earlier version left in one, such as
 * `node_modules`, makes no package.
 */
export function packagesIn(group: string): string[] {
  return readdirSync(join(root, group))
    .map((name) => `${group}/${name}`)
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
}
