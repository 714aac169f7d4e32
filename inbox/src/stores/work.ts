/** The words in which ops organise work, and the views that agents keep. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { organising, type Disposition, type Filter, type Label, type SavedView, type Work } from '@/api/organising'
import { currentLocale } from '@/i18n'
import { isStandard, VIEWS, type ViewName } from './order'
import { useSession } from './session'

export const useWork = defineStore('work', () => {
  const session = useSession()
  const work = shallowRef<Work>({ labels: [], dispositions: [], disposition_required: false, teams: [] })
  const views = shallowRef<SavedView[]>([])
  const loaded = shallowRef(false)

  async function load(): Promise<void> {
    const [words, kept] = await Promise.all([organising.work(), organising.views()])
    work.value = words
    views.value = kept.items
    loaded.value = true
  }

  const byId = computed(() => new Map(work.value.labels.map((label) => [label.id, label])))

  /** One that ops took out of the file still has its id. */
  const label = (id: string): Label => byId.value.get(id) ?? { id, zh: id, en: id, pinyin: [], color: 'grey' }
  const named = (one: Disposition): string => (currentLocale().startsWith('zh') ? one.zh : one.en)
  const disposition = (id: string): string => {
    const found = work.value.dispositions.find((one) => one.id === id)
    return found ? named(found) : id
  }

  const viewOf = (name: ViewName): SavedView | undefined => views.value.find(({ id }) => name === `saved:${id}`)
  /** null: it is kept no longer. */
  const filterOf = (name: ViewName): Filter | null => (isStandard(name) ? VIEWS[name] : (viewOf(name)?.filter ?? null))

  async function keep(view: Pick<SavedView, 'name' | 'filter' | 'shared'>): Promise<SavedView> {
    const kept = await organising.saveView(view)
    views.value = [...views.value, kept]
    return kept
  }

  /** Their makers change them, and supervisors those that are shared. */
  const mayChange = (view: SavedView): boolean => session.isMe(view.by) || session.leads

  /** One that its maker shares no longer is nobody else's to see. */
  async function change(id: number, changes: Pick<SavedView, 'name' | 'shared'>): Promise<SavedView> {
    const changed = await organising.changeView(id, changes)
    const isSeen = changed.shared || session.isMe(changed.by)
    views.value = views.value.flatMap((view) => (view.id !== id ? [view] : isSeen ? [changed] : []))
    return changed
  }

  async function forget(id: number): Promise<void> {
    await organising.deleteView(id)
    views.value = views.value.filter((view) => view.id !== id)
  }

  return { work, views, loaded, load, label, named, disposition, viewOf, filterOf, mayChange, keep, change, forget }
})
