/** Where a reply goes, whether it may, and what will become of it. */
import { computed, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Conversation } from '@/api/types'
import { useDirectory } from '@/stores/directory'
import { standing } from '@/text/standing'
import { moment, span } from '@/text/time'
import { useWording } from '@/text/wording'
import { now } from './clock'

const MINUTE = 60_000

export function useReplying(conversation: () => Conversation, isNote: () => boolean) {
  const { t, te, locale } = useI18n()
  const directory = useDirectory()
  const wording = useWording()

  const channels = computed(() => {
    const all = new Set(conversation().channels)
    const own = conversation().reply?.channel
    if (own) all.add(own)
    return [...all]
  })
  /** Empty until the agent chooses: the hub answers where the customer last wrote. */
  const chosen = ref('')
  const elsewhere = computed(() => chosen.value !== '' && chosen.value !== conversation().reply?.channel)
  const via = computed({
    get: () => chosen.value || (conversation().reply?.channel ?? ''),
    set: (name) => (chosen.value = name),
  })

  /** What the hub said goes for its own choice of channel; of another we learn when we send. */
  const reply = computed(() => (elsewhere.value ? undefined : conversation().reply))
  const channel = computed(() => directory.find(via.value))
  /** Nothing but approved texts goes out there. */
  const templates = computed(() => (!isNote() && channel.value && !channel.value.free_text ? channel.value.templates : null))
  /** People write mails in paragraphs: Enter is theirs. */
  const isMail = computed(() => !isNote() && !!reply.value?.threaded)

  const toldAt = ref(0)
  watch(() => conversation().reply, () => (toldAt.value = Date.now()), { immediate: true })
  const stand = computed(() =>
    isNote() ? { kind: 'open' as const } : standing(reply.value, conversation().allowance, now.value, toldAt.value),
  )
  const blocked = computed(() => (stand.value.kind === 'blocked' ? stand.value.reason : null))
  const blockedWords = computed(() => {
    const key = `thread.composer.blocked.${blocked.value}`
    return te(key) ? t(key) : wording.code(blocked.value ?? '')
  })
  /** Said before it happens: this reply will not go straight to the customer. */
  const detour = computed(() => {
    if (stand.value.kind !== 'detour') return ''
    const steps = stand.value.via.map((way) =>
      way === 'notice' || way === 'wait'
        ? t(`thread.composer.detour.${way}`)
        : t('thread.composer.detour.channel', { label: directory.labelOf(way) }),
    )
    const why = `thread.composer.detour.because.${stand.value.reason}`
    const reason = te(why) ? t(why) : wording.code(stand.value.reason)
    return t('thread.composer.detour.line', { reason, steps: steps.join(t('thread.composer.detour.else')) })
  })

  /** How many messages more may go out; null where nobody counts them. */
  const left = computed(() => {
    const { allowance } = conversation()
    return !allowance || isNote() || elsewhere.value || stand.value.kind !== 'open' ? null : Math.max(0, allowance.left)
  })
  const allowance = computed(() => {
    const { allowance } = conversation()
    if (!allowance || left.value === null) return ''
    const time = Date.parse(allowance.until) - now.value
    if (time <= 0) return ''
    // Several allowances add up, and then there is no one number they count down from.
    const count = left.value > allowance.limit ? String(left.value) : `${left.value}/${allowance.limit}`
    if (time < MINUTE) return t('thread.composer.allowanceSoon', { count })
    return t('thread.composer.allowance', { count, span: span(time, locale.value) })
  })
  const allowanceUntil = computed(() => {
    const { allowance } = conversation()
    return allowance ? t('thread.composer.allowanceUntil', { time: moment(allowance.until, locale.value) }) : ''
  })

  return {
    channels, chosen, elsewhere, via, reply, channel, templates, isMail, blocked, blockedWords, detour, left, allowance, allowanceUntil,
  }
}
