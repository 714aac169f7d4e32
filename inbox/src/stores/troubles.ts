/** How many jobs need a person, for the mark in the rail and the reasons of the page. Only supervisors may look. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { jobs, type JobGroup } from '@/api/jobs'
import { useSession } from './session'

const LOOK_AGAIN = 60_000

export const useTroubles = defineStore('troubles', () => {
  const session = useSession()
  const groups = shallowRef<JobGroup[]>([])
  const count = computed(() => groups.value.reduce((sum, group) => sum + group.count, 0))
  let timer: ReturnType<typeof setInterval> | undefined

  async function load(): Promise<void> {
    if (!session.leads) return
    // The page has its own place that says when it cannot load; the mark keeps what it knew.
    groups.value = await jobs.groups().then(
      ({ items }) => items,
      () => groups.value,
    )
  }

  function start(): void {
    stop()
    void load()
    timer = setInterval(() => void load(), LOOK_AGAIN)
  }

  const stop = (): void => clearInterval(timer)

  return { groups, count, load, start, stop }
})
