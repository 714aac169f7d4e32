/** What an agent can do with a conversation, with the words that follow. */
import { useI18n } from 'vue-i18n'
import { api } from '@/api/client'
import { organising } from '@/api/organising'
import { Refusal, type Failure } from '@/api/http'
import type { Conversation } from '@/api/types'
import { useConversations } from '@/stores/conversations'
import { useToasts } from '@/stores/toasts'
import { exactly } from '@/text/time'
import { useWording } from '@/text/wording'

export function useActions() {
  const { t, locale } = useI18n()
  const conversations = useConversations()
  const toasts = useToasts()
  const wording = useWording()

  async function change(id: number, call: () => Promise<Conversation>, done: string, undo?: () => void): Promise<boolean> {
    try {
      conversations.upsert(await call())
      conversations.settle(id)
      toasts.say(done, { undo })
      return true
    } catch (error) {
      await explain(id, error)
      return false
    }
  }

  async function explain(id: number, error: unknown): Promise<void> {
    const lost = error instanceof Refusal && error.problem.status === 409
    // Whoever was faster changed the conversation: what we show must follow before we say so.
    if (lost) await conversations.fetchOne(id).catch(() => null)
    toasts.say(wording.failure(error as Failure), { tone: 'danger' })
  }

  /** Its result is on the screen where it was asked for. */
  async function quietly(id: number, call: () => Promise<Conversation>): Promise<boolean> {
    try {
      conversations.upsert(await call())
      return true
    } catch (error) {
      await explain(id, error)
      return false
    }
  }

  const reopen = (id: number): Promise<boolean> => change(id, () => api.reopen(id), t('thread.done.reopened'))

  return {
    claim: (id: number) => change(id, () => api.claim(id), t('thread.done.claimed')),
    resolve: (id: number, disposition = '') =>
      change(id, () => organising.resolve(id, disposition), t('thread.done.resolved'), () => void reopen(id)),
    reopen,
    resend: async (message: number) => {
      try {
        await api.resend(message)
      } catch (error) {
        toasts.say(wording.failure(error as Failure), { tone: 'danger' })
      }
    },
    toBot: (id: number) => change(id, () => api.handover(id, 'bot'), t('thread.done.toBot')),
    toPeople: (id: number) => change(id, () => api.handover(id, 'people'), t('thread.done.toPeople')),
    assign: (id: number, to: { agent: number | null; team?: string; note?: string }, name: string) =>
      change(id, () => organising.assign(id, to), name ? t('thread.done.assigned', { name }) : t('thread.done.unassigned')),
    snooze: (id: number, until: string | null) =>
      change(
        id,
        () => organising.snooze(id, until),
        until ? t('work.done.snoozed', { time: exactly(until, Date.now(), locale.value) }) : t('work.done.snoozedUntilWritten'),
      ),
    label: (id: number, labels: string[]) => quietly(id, () => organising.change(id, { labels })),
    prioritise: (id: number, priority: number) =>
      change(id, () => organising.change(id, { priority }), t('work.done.priority', { priority: t(`work.priority.${priority}`) })),
    follow: (id: number, on: boolean) =>
      change(id, () => organising.follow(id, on), t(on ? 'work.done.followed' : 'work.done.unfollowed')),
  }
}
