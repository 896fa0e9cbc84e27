import { type Lab, openLab } from './lab.ts'

/** Works on all items, in parallel in as many labs as given. */
export async function workThrough<T>(
  items: readonly T[],
  { postgresUrl, labs }: { readonly postgresUrl: string; readonly labs: number },
  work: (item: T, lab: Lab) => Promise<void>,
): Promise<void> {
  const waiting = items.values()
  const workers = Array.from({ length: Math.min(labs, items.length) }, async () => {
    const lab = await openLab(postgresUrl)
    try {
      for (const item of waiting) await work(item, lab)
    } finally {
      await lab.close()
    }
  })
  const ended = await Promise.allSettled(workers)
  for (const result of ended) if (result.status === 'rejected') throw result.reason
}

/** Number of labs, and so of runs at once. */
export const LABS = 2
