/** Says the order of the cascade layers at the top of every style sheet: chunks may load in any order. */
import type { Plugin } from 'vite'

const ORDER = '@layer reset, tokens, base, ui, views;\n'

export function orderLayers(): Plugin {
  return {
    name: 'yizhan-layers',
    enforce: 'pre',
    transform(source, id) {
      const ours = id.includes('/src/') && (/\.css$/.test(id) || /\?vue&type=style/.test(id))
      return ours ? { code: ORDER + source, map: null } : null
    },
  }
}
