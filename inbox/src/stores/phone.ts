/** Where I take calls, and this browser while it is my phone. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { api } from '@/api/client'
import type { Device, MyPhone } from '@/api/types'
import { connect, type Softphone, type SoftphoneState } from '@/phone/softphone'
import { startRinging, stopRinging } from '@/phone/tone'
import { useCalls } from './calls'

export type PhoneTrouble = '' | 'microphone' | 'connection'

export const usePhone = defineStore('phone', () => {
  const calls = useCalls()
  const mine = shallowRef<MyPhone | null>(null)
  const state = ref<SoftphoneState | null>(null)
  const trouble = ref<PhoneTrouble>('')
  const muted = ref(false)
  /** A ring that I asked for myself needs no second click. */
  const expected = ref(false)
  let softphone: Softphone | null = null

  const device = computed<Device>(() => mine.value?.device ?? 'off')
  /** Some line exists, so there is something to choose. */
  const exists = computed(() => !!mine.value?.channels.length)
  const isRinging = computed(() => state.value === 'ringing' && !expected.value)

  async function load(): Promise<void> {
    mine.value = await api.myPhone()
    if (device.value === 'browser') await start()
  }

  async function choose(next: Device): Promise<void> {
    if (next === 'browser' && !(await mayListen())) return
    mine.value = await api.chooseDevice(next)
    if (next === 'browser') await start()
    else stop()
  }

  /** The browser asks once; without a microphone nobody would be heard. */
  async function mayListen(): Promise<boolean> {
    trouble.value = ''
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
      for (const track of stream.getTracks()) track.stop()
    } catch {
      trouble.value = 'microphone'
      // The network of the demo has no sound, so there it does not matter.
      return (await api.softphone().catch(() => null))?.driver === 'simulator'
    }
    return true
  }

  async function start(): Promise<void> {
    stop()
    state.value = 'starting'
    try {
      const pass = await api.softphone()
      softphone = await connect(pass, { state: changed, renew: api.softphone })
      if (pass.driver === 'simulator') trouble.value = ''
    } catch {
      state.value = 'lost'
      trouble.value = 'connection'
    }
  }

  function changed(next: SoftphoneState): void {
    state.value = next
    if (next === 'ready' || next === 'talking') trouble.value = ''
    if (next === 'ready') muted.value = false
    if (next === 'ringing' && expected.value) accept()
  }

  function stop(): void {
    softphone?.stop()
    softphone = null
    state.value = null
  }

  function accept(): void {
    softphone?.accept()
  }

  function mute(on: boolean): void {
    softphone?.mute(on)
    muted.value = on
  }

  const reject = (): void => softphone?.reject()
  const digits = (keys: string): void => softphone?.digits(keys)

  watch(() => calls.mine, (call) => call || (expected.value = false))
  watch(isRinging, (rings) => (rings ? startRinging() : stopRinging()))

  return { mine, device, exists, state, trouble, muted, expected, isRinging, load, choose, start, stop, accept, reject, mute, digits }
})
