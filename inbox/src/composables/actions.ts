/** What an agent can do with a conversation, with the words that follow. */
import { useI18n } from 'vue-i18n'
import { api } from '@/api/client'
import { Refusal, type Failure } from '@/api/http'
import type { AgentRef, Conversation } from '@/api/types'
import { useConversations } from '@/stores/conversations'
import { useToasts } from '@/stores/toasts'
import { useWording } from '@/text/wording'

export function useActions() {
  const { t } = useI18n()
  const conversations = useConversations()
  const toasts = useToasts()
  const wording = useWording()

  async function change(id: number, call: () => Promise<Conversation>, done: string, undo?: () => void): Promise<boolean> {
    try {
      conversations.upsert(await call())
      conversations.dropFromScreen(id)
      toasts.say(done, undo && { action: { label: t('common.undo'), run: undo } })
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

  const reopen = (id: number): Promise<boolean> => change(id, () => api.reopen(id), t('thread.done.reopened'))

  return {
    claim: (id: number) => change(id, () => api.claim(id), t('thread.done.claimed')),
    resolve: (id: number) => change(id, () => api.resolve(id), t('thread.done.resolved'), () => void reopen(id)),
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
    assign: (id: number, agent: AgentRef | null) =>
      change(
        id,
        () => api.assign(id, agent?.id ?? null),
        agent ? t('thread.done.assigned', { name: agent.name }) : t('thread.done.unassigned'),
      ),
  }
}
