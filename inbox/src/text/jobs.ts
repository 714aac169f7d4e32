/** What became of a job, in words. */
import { useI18n } from 'vue-i18n'
import type { Job } from '@/api/jobs'
import type { IconName } from '@/components/ui/icons'
import { moment } from './time'
import { useWording } from './wording'

export type JobMark = 'failed' | 'uncertain' | 'retrying'

export const MARK_ICON: Record<JobMark, IconName> = { failed: 'alert', uncertain: 'help', retrying: 'refresh' }

export const markOf = ({ state }: Job): JobMark => (state === 'failed' || state === 'uncertain' ? state : 'retrying')

export function useJobWords() {
  const { t, te, locale } = useI18n()
  const wording = useWording()

  const kindOf = (kind: string): string => (te(`failed.kind.${kind}`) ? t(`failed.kind.${kind}`) : kind)

  /** Ours where we have words for the code, the provider's own otherwise. */
  const reasonOf = ({ error, error_code: code }: { error: string; error_code: string }): string =>
    te(`errors.${code}`) ? wording.code(code) : error || code || t('failed.noReason')

  function nextOf(job: Job): string {
    if (markOf(job) !== 'retrying') return t('failed.final')
    if (job.state === 'running' || Date.parse(job.due_at) <= Date.now()) return t('failed.now')
    return t('failed.next', { time: moment(job.due_at, locale.value) })
  }

  return { kindOf, reasonOf, nextOf }
}
