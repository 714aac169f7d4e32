/** Running a macro: all of it happens, or none, and the agent is told at which step it stopped. */
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { canned, type Canned } from '@/api/canned'
import { api } from '@/api/client'
import { mayHaveArrived, newKey, type Failure } from '@/api/http'
import type { Conversation } from '@/api/types'
import { titleOf } from '@/completions'
import { useConversations } from '@/stores/conversations'
import { useToasts } from '@/stores/toasts'
import { useWording } from '@/text/wording'

const RETRY_AFTER = [1_000, 3_000]

export function useMacros() {
  const { t, locale } = useI18n()
  const conversations = useConversations()
  const toasts = useToasts()
  const wording = useWording()
  const running = ref(false)

  /** How the conversation stands then; null when nothing was done. */
  async function run(id: number, macro: Canned): Promise<Conversation | null> {
    const title = titleOf(macro, locale.value)
    if (running.value) return null
    if (macro.gaps.length) {
      toasts.say(t('thread.macro.gaps', { title, gap: macro.gaps.join(t('common.listSeparator')) }), { tone: 'danger' })
      return null
    }
    running.value = true
    try {
      const done = await persist(id, macro.id, newKey())
      conversations.upsert(done)
      conversations.settle(id)
      const undo = done.status === 'resolved' ? { action: { label: t('thread.actions.reopen'), run: () => void reopen(id) } } : undefined
      toasts.say(t('thread.macro.done', { title }), undo)
      return done
    } catch (error) {
      toasts.say(wording.failure(error as Failure), { tone: 'danger' })
      return null
    } finally {
      running.value = false
    }
  }

  /** Under one key it runs once, however often it is asked for. */
  async function persist(id: number, macro: string, key: string, tries = 0): Promise<Conversation> {
    try {
      return await canned.run(id, macro, key)
    } catch (error) {
      const wait = RETRY_AFTER[tries]
      if (!mayHaveArrived(error) || wait === undefined) throw error
      await new Promise((resolve) => setTimeout(resolve, wait))
      return persist(id, macro, key, tries + 1)
    }
  }

  async function reopen(id: number): Promise<void> {
    try {
      conversations.upsert(await api.reopen(id))
    } catch (error) {
      toasts.say(wording.failure(error as Failure), { tone: 'danger' })
    }
  }

  return { running, run }
}
