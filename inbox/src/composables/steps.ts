/** What a step of a macro names, in words: labels and the like have theirs in the configuration. */
import { shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { canned, type CannedAction, type Named, type Work } from '@/api/canned'

const work = shallowRef<Work>({ labels: [], dispositions: [], teams: [] })
let asked: Promise<void> | null = null

export function useSteps() {
  const { t, locale } = useI18n()

  // Until it is known, and if it never is, the ids say enough.
  asked ??= canned.work().then((told) => void (work.value = told)).catch(() => void (asked = null))

  const nameOf = (one: Named): string => (locale.value === 'en' ? one.en : one.zh)

  function named(list: readonly Named[], id: string): string {
    const one = list.find((other) => other.id === id)
    return one ? nameOf(one) : id
  }

  const span = (written: string): string =>
    written === 'message' ? t('canned.settings.untilMessage') : t(`canned.settings.span.${written.at(-1)}`, { n: parseInt(written) }, parseInt(written))

  const team = (name: string): string => (name === 'everyone' ? t('canned.settings.everyone') : name)

  const WORDS: Partial<Record<CannedAction['do'], (said: string) => string>> = {
    label: (said) => named(work.value.labels, said),
    resolve: (said) => named(work.value.dispositions, said),
    priority: (said) => t(`canned.settings.priority.${said}`),
    team,
    snooze: span,
    assign: (said) => (said === 'me' ? t('canned.settings.toMe') : said === 'nobody' ? t('canned.settings.toNobody') : said),
  }

  const words = (action: CannedAction): string => WORDS[action.do]?.(action.said) ?? action.said

  return { work, words, nameOf, span, team }
}
