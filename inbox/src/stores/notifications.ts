/** What the hub wants me to look at. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { organising, type Notification } from '@/api/organising'
import type { Failure } from '@/api/http'
import type { Page } from '@/api/types'

export const useNotifications = defineStore('notifications', () => {
  const items = shallowRef<Notification[]>([])
  const next = shallowRef<Page<Notification>['next']>(null)
  const unseen = ref(0)
  const loaded = ref(false)
  const error = shallowRef<Failure | null>(null)

  async function load(how: 'newest' | 'more' = 'newest'): Promise<void> {
    error.value = null
    try {
      const page = await organising.notifications(how === 'more' ? next.value : null)
      items.value = how === 'more' ? [...items.value, ...page.items] : page.items
      next.value = page.next
      loaded.value = true
    } catch (failure) {
      error.value = failure as Failure
    }
  }

  const count = async (): Promise<void> => void (unseen.value = (await organising.unseen()).unseen)

  /** The stream only says that there is something. */
  async function refresh(): Promise<void> {
    await Promise.all([count(), loaded.value ? load() : undefined]).catch(() => undefined)
  }

  async function see(which: { up_to?: number; conversation?: number }): Promise<void> {
    const seenAt = new Date().toISOString()
    const isSeen = ({ id, conversation }: Notification): boolean =>
      which.conversation === undefined ? which.up_to === undefined || id <= which.up_to : conversation.id === which.conversation
    items.value = items.value.map((one) => (isSeen(one) ? { ...one, seen_at: one.seen_at ?? seenAt } : one))
    unseen.value = (await organising.see(which)).unseen
  }

  return { items, next, unseen, loaded, error, load, refresh, see }
})
