/** What can be done with a conversation besides organising it: with another one, and with the colleague who has it. */
import { computed, toValue, type ComputedRef, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Conversation } from '@/api/types'
import type { IconName } from '@/components/ui/icons'
import { useSession } from '@/stores/session'
import { useViewers } from '@/stores/viewers'
import type { Together } from '@/text/together'

/** A line of a menu. */
export interface Act {
  name: string
  icon: IconName
  label: string
  keys?: string
  run: () => void
  /** Has its own button where there is room. */
  near?: boolean
}

export function useTogether(conversation: MaybeRefOrGetter<Conversation>, ask: (what: Together) => void): ComputedRef<Act[]> {
  const { t } = useI18n()
  const session = useSession()
  const viewers = useViewers()

  return computed(() => {
    const { id, status, assignee } = toValue(conversation)
    const resolved = status === 'resolved'
    const quiet = viewers.quiet.has(id)
    const all: (Act | false)[] = [
      !resolved && { name: 'merge', icon: 'merge', label: t('together.merge.item'), run: () => ask('merge') },
      !resolved && { name: 'split', icon: 'split', label: t('together.split.item'), run: () => ask('split') },
      ...(session.leads && !resolved && assignee && !session.isMe(assignee)
        ? ([
            { name: 'whisper', icon: 'note', label: t('together.whisper.item', { name: assignee.name }), run: () => ask('whisper') },
            { name: 'takeOver', icon: 'hand', label: t('together.takeOver.item'), run: () => ask('takeOver') },
          ] as const)
        : []),
      session.leads && {
        name: 'quiet',
        icon: quiet ? 'eye' : 'eyeOff',
        label: t(quiet ? 'together.quiet.off' : 'together.quiet.on'),
        run: () => viewers.watchQuietly(id, !quiet),
      },
    ]
    return all.filter((act) => act !== false)
  })
}
