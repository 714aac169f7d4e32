/** Where I take calls, and this browser while it is my phone. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { api } from '@/api/client'
import type { Device, MyPhone } from '@/api/types'
import { connect, type Softphone, type SoftphoneState } from '@/phone/softphone'
import { ring, startRinging, stopRinging } from '@/phone/tone'
import { useCalls } from './calls'

export type PhoneTrouble = '' | 'microphone' | 'noMicrophone' | 'insecure' | 'connection'

/** Why a browser gives us no microphone, by the names of its errors; without HTTPS it does not even have the question. */
const WITHOUT_MICROPHONE: Record<string, PhoneTrouble> = {
  NotFoundError: 'noMicrophone',
  NotReadableError: 'noMicrophone',
  TypeError: 'insecure',
}

export const usePhone = defineStore('phone', () => {
  const calls = useCalls()
  const mine = shallowRef<MyPhone | null>(null)
  const state = ref<SoftphoneState | null>(null)
  const trouble = ref<PhoneTrouble>('')
  const muted = ref(false)
  /** My leg of the call that I placed or took. */
  const expected = ref<number | null>(null)
  let softphone: Softphone | null = null

  const device = computed<Device>(() => mine.value?.device ?? 'off')
  /** Some line exists, so there is something to choose. */
  const exists = computed(() => !!mine.value?.channels.length)
  /** A ring that I asked for myself needs no second click; any other one does, for it opens my microphone. */
  const isExpected = computed(() => [...calls.byId.values()].some((call) => calls.legOf(call)?.id === expected.value))
  const isRinging = computed(() => state.value === 'ringing' && !isExpected.value)
  /** In this window: another one of mine may have the call. */
  const isTalking = computed(() => state.value === 'talking' || state.value === 'reconnecting')

  async function load(): Promise<void> {
    mine.value = await api.myPhone()
    if (device.value === 'browser') await start()
  }

  async function choose(next: Device): Promise<void> {
    trouble.value = ''
    if (next === 'browser' && !(await mayListen())) return
    mine.value = await api.chooseDevice(next)
    if (next === 'browser') await start()
    else stop()
  }

  /** The browser asks once; without a microphone nobody would be heard. */
  async function mayListen(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
      for (const track of stream.getTracks()) track.stop()
      return true
    } catch (error) {
      // The network of the demo has no sound, so there it does not matter.
      if ((await api.softphone().catch(() => null))?.driver === 'simulator') return true
      trouble.value = WITHOUT_MICROPHONE[(error as Error).name] ?? 'microphone'
      return false
    }
  }

  async function start(): Promise<void> {
    stop()
    state.value = 'starting'
    try {
      softphone = await connect(await api.softphone(), {
        state: changed,
        deaf: () => (trouble.value = 'microphone'),
        renew: api.softphone,
      })
    } catch {
      changed('lost')
    }
  }

  function changed(next: SoftphoneState): void {
    state.value = next
    if (next === 'lost') trouble.value = 'connection'
    if (next === 'talking' || (next === 'ready' && trouble.value === 'connection')) trouble.value = ''
    if (next === 'ready') muted.value = false
  }

  function stop(): void {
    softphone?.stop()
    softphone = null
    state.value = null
  }

  /** I asked to be rung for this call. */
  function expect(id: number): void {
    const call = calls.byId.get(id)
    expected.value = (call && calls.legOf(call)?.id) ?? null
  }

  function mute(on: boolean): void {
    softphone?.mute(on)
    muted.value = on
  }

  const accept = (): void => softphone?.accept()
  const reject = (): void => softphone?.reject()
  const digits = (keys: string): void => softphone?.digits(keys)
  const hangUp = (): void => softphone?.hangUp()

  // The hub may tell of my leg before or after it rings.
  watch(() => state.value === 'ringing' && isExpected.value, (wanted) => wanted && accept())
  watch(isRinging, (rings) => (rings ? startRinging() : stopRinging()))
  // Once for each who joins the queue: a tone that goes on as long as somebody waits is soon switched off.
  watch(
    () => calls.queued.map(({ id }) => id),
    (now, before) => {
      if (device.value === 'off' || calls.mine || isRinging.value) return
      if (now.some((id) => !before.includes(id))) ring()
    },
  )

  return {
    mine, device, exists, state, trouble, muted, isRinging, isTalking,
    load, choose, start, stop, expect, accept, reject, mute, digits, hangUp,
  }
})
