/** Leaves a gzipped copy beside each file that is worth it, for the hub to serve. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const WORTH = /\.(js|css|svg|json)$/
const SMALLEST = 1024

export function compressAssets(): Plugin {
  let folder = ''
  return {
    name: 'yizhan-compress',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir, config.build.assetsDir)
    },
    async closeBundle() {
      for (const name of await readdir(folder)) {
        if (!WORTH.test(name)) continue
        const content = await readFile(join(folder, name))
        if (content.length >= SMALLEST) await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(content, { level: 9 }))
      }
    },
  }
}
