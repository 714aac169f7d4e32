/** The conversations that are ticked, and what is being done with all of them. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { organising, type Act, type BulkResult } from '@/api/organising'
import { Refusal } from '@/api/http'
import { useConversations } from './conversations'

/** As many as one request takes: between two of them one can stop. */
const AT_ONCE = 20

export interface Run {
  act: Act
  total: number
  done: number
  failed: BulkResult[]
  state: 'running' | 'cancelled' | 'done'
}

export const useSelection = defineStore('selection', () => {
  const chosen = shallowRef<ReadonlySet<number>>(new Set())
  const anchor = ref<number | null>(null)
  const run = shallowRef<Run | null>(null)
  const ids = computed(() => [...chosen.value])
  const conversations = useConversations()
  const isRunning = computed(() => run.value?.state === 'running')

  function toggle(id: number): void {
    const next = new Set(chosen.value)
    if (!next.delete(id)) next.add(id)
    chosen.value = next
    anchor.value = id
  }

  /** From the last one that was ticked to this one, in the order of the list. */
  function extend(list: readonly number[], to: number): void {
    const from = anchor.value === null ? -1 : list.indexOf(anchor.value)
    const end = list.indexOf(to)
    if (from < 0 || end < 0) return toggle(to)
    choose([...chosen.value, ...list.slice(Math.min(from, end), Math.max(from, end) + 1)])
  }

  function choose(list: Iterable<number>): void {
    chosen.value = new Set(list)
  }

  function clear(): void {
    if (isRunning.value) return
    chosen.value = new Set()
    anchor.value = null
    run.value = null
  }

  /** What could not be done stays ticked, to be tried again or looked at. */
  async function apply(act: Act): Promise<Run> {
    let now: Run = { act, total: chosen.value.size, done: 0, failed: [], state: 'running' }
    run.value = now
    const waiting = [...chosen.value]
    while (waiting.length && isRunning.value) {
      const part = waiting.splice(0, AT_ONCE)
      const results = await sent(part, act)
      const failed = results.filter(({ ok }) => !ok)
      const settled = new Set(results.filter(({ ok }) => ok).map(({ id }) => id))
      choose([...chosen.value].filter((id) => !settled.has(id)))
      conversations.settleSoon(settled)
      now = { ...run.value, done: now.done + part.length, failed: [...now.failed, ...failed] }
      run.value = now
    }
    run.value = { ...now, state: run.value.state === 'cancelled' ? 'cancelled' : 'done' }
    return run.value
  }

  async function sent(part: number[], act: Act): Promise<BulkResult[]> {
    try {
      return (await organising.bulk(part, act)).items
    } catch (error) {
      const code = error instanceof Refusal ? error.code : 'unanswered'
      return part.map((id) => ({ id, ok: false, problem: { code, detail: '' } }))
    }
  }

  function cancel(): void {
    if (run.value && isRunning.value) run.value = { ...run.value, state: 'cancelled' }
  }

  return { chosen, ids, run, isRunning, toggle, extend, choose, clear, apply, cancel }
})
