/*
 * What a changelog says: the sentences of the changesets. Whoever reads it has no use for the commits that they came with, nor for the news that the
 * other packages have the new version, too: all have.
 */
module.exports = {
  getReleaseLine: async ({ summary }) => `- ${summary.trim().replaceAll('\n', '\n  ')}`,
  getDependencyReleaseLine: async () => '',
}
