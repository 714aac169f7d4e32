/** How a channel is, in words: why it is not well, what that means, and what to do about it. */
import { useI18n } from 'vue-i18n'
import type { Sign, Vitals } from '@/api/channels'
import type { IconName } from '@/components/ui/icons'
import { moment, span } from './time'
import { useWording } from './wording'

export const STATE_ICON: Record<Vitals['state'], IconName> = { ok: 'checkCircle', degraded: 'alert', down: 'ban' }

export function useVitalWords() {
  const { t, te, locale } = useI18n()
  const wording = useWording()

  const headline = (row: Vitals): string =>
    row.signs[0] ? t(`channels.sign.${row.paused_by_hand && row.signs[0] === 'paused' ? 'byHand' : row.signs[0]}`) : t('channels.state.ok')

  function seconds(value: number | null): string {
    if (value === null) return '–'
    const unit = value < 1 ? 'millisecond' : 'second'
    return new Intl.NumberFormat(locale.value, { style: 'unit', unit, unitDisplay: 'narrow', maximumFractionDigits: value < 10 && value >= 1 ? 1 : 0 }).format(
      value < 1 ? value * 1_000 : value,
    )
  }

  const share = (row: Vitals): string =>
    new Intl.NumberFormat(locale.value, { style: 'percent', maximumFractionDigits: 0 }).format(row.failed_share ?? 0)

  const why: Record<Sign, (row: Vitals) => string> = {
    paused: ({ reason, code }) => (te(`errors.${code}`) && code !== 'by_hand' ? wording.code(code) : reason),
    deaf: ({ reason }) => reason,
    failing: (row) => t('channels.why.failing', { share: share(row), n: row.sent }),
    stuck: (row) => t('channels.why.stuck', { time: row.oldest_queued_at ? moment(row.oldest_queued_at, locale.value) : '' }),
    silent: ({ silence }) =>
      silence ? t('channels.why.silent', { time: moment(silence.since, locale.value), longest: span(silence.longest_seconds * 1_000, locale.value) }) : '',
  }

  const effect: Record<Sign, (row: Vitals) => string> = {
    paused: ({ queued }) => t('channels.effect.waiting', { n: queued }, queued),
    deaf: () => t('channels.effect.deaf'),
    failing: () => t('channels.effect.failing'),
    stuck: ({ queued }) => t('channels.effect.waiting', { n: queued }, queued),
    silent: () => t('channels.effect.silent'),
  }

  function advice(row: Vitals, sign: Sign): string {
    if (sign !== 'paused') return t(`channels.advice.${sign}`)
    if (row.paused_by_hand) return t('channels.advice.byHand')
    return row.next_try_at ? t('channels.advice.pausedUntil', { time: moment(row.next_try_at, locale.value) }) : t('channels.advice.paused')
  }

  return { headline, seconds, advice, why: (row: Vitals, sign: Sign) => why[sign](row), effect: (row: Vitals, sign: Sign) => effect[sign](row) }
}
