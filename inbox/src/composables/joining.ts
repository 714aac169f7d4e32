/** Merging and splitting conversations, with the words that follow and the way back. */
import { useI18n } from 'vue-i18n'
import type { Failure } from '@/api/http'
import { together, type Joined } from '@/api/together'
import { useConversations } from '@/stores/conversations'
import { useThreads } from '@/stores/threads'
import { useToasts } from '@/stores/toasts'
import { useWording } from '@/text/wording'

export function useJoining() {
  const { t } = useI18n()
  const conversations = useConversations()
  const threads = useThreads()
  const toasts = useToasts()
  const wording = useWording()

  /** The stream tells it too, but whoever did it looks at it now. */
  const refresh = ({ kept, other }: Joined): Promise<unknown> =>
    Promise.all([kept, other].flatMap((id) => [threads.reread(id), conversations.fetchOne(id).catch(() => undefined)]))

  async function change(call: Promise<Joined>, done: string, undoing = false): Promise<Joined | null> {
    try {
      const joined = await call
      const back = { label: t('common.undo'), run: () => void undo(joined.kept, joined.merge) }
      toasts.say(done, undoing ? {} : { action: back })
      await refresh(joined)
      return joined
    } catch (error) {
      toasts.say(wording.failure(error as Failure), { tone: 'danger' })
      return null
    }
  }

  const merge = (kept: number, other: number): Promise<Joined | null> =>
    change(together.merge(kept, other), t('together.done.merged'))
  const split = (conversation: number, message: number, subject: string): Promise<Joined | null> =>
    change(together.split(conversation, message, subject), t('together.done.split'))
  const undo = (conversation: number, merge: number): Promise<Joined | null> =>
    change(together.undo(conversation, merge), t('together.done.undone'), true)

  return { merge, split, undo }
}
