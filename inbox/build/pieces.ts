/** Which modules come in one file: over a long line each file costs a journey, and six travel at a time. */
import type { Rolldown } from 'vite'

type Modules = Pick<Rolldown.PluginContext, 'getModuleInfo'>

/** By that time these are here, or may be. */
const BEFORE = ['main.ts', 'views/LoginView.vue']
const PIECES = { shell: 'views/ShellView.vue', inbox: 'views/InboxView.vue' }

/** What a view needs and nothing before it did; so no two files import each other. The view keeps its own, by which it is known. */
export function together(sources: string): Rolldown.CodeSplittingGroup {
  let pieces: Map<string, string> | undefined
  return {
    debugName: 'together',
    name: (id, modules) => (pieces ??= sorted(sources, modules)).get(id) || null,
    includeDependenciesRecursively: false,
  }
}

function sorted(sources: string, modules: Modules): Map<string, string> {
  const pieces = new Map<string, string>()
  const put = (id: string, piece: string): void => {
    if (pieces.has(id)) return
    pieces.set(id, piece)
    modules.getModuleInfo(id)?.importedIds.forEach((imported) => put(imported, piece))
  }
  for (const file of BEFORE) put(sources + file, '')
  for (const [piece, file] of Object.entries(PIECES)) {
    put(sources + file, piece)
    pieces.set(sources + file, '')
  }
  return pieces
}
