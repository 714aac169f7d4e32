/** A browser that is a phone, whoever carries its calls. */
import type { SoftphonePass } from '@/api/types'

/** `lost`: it cannot be rung. `reconnecting`: a call goes on, and for the moment nobody hears anybody. */
export type SoftphoneState = 'starting' | 'ready' | 'ringing' | 'talking' | 'reconnecting' | 'lost'

export interface SoftphoneHooks {
  state: (state: SoftphoneState) => void
  /** A call was taken, and the browser gave us no microphone for it. */
  deaf: () => void
  /** A token lasts an hour; the phone asks for another in time. */
  renew: () => Promise<SoftphonePass>
}

export interface Softphone {
  accept: () => void
  reject: () => void
  mute: (on: boolean) => void
  digits: (keys: string) => void
  hangUp: () => void
  stop: () => void
}

export type Driver = (pass: SoftphonePass, hooks: SoftphoneHooks) => Promise<Softphone>

/** Each is loaded when it is first needed: who has no phone does not pay for it. */
const DRIVERS: Record<string, () => Promise<Driver>> = {
  twilio: async () => (await import('./twilio')).connect,
  simulator: async () => (await import('./simulator')).connect,
}

export async function connect(pass: SoftphonePass, hooks: SoftphoneHooks): Promise<Softphone> {
  const driver = DRIVERS[pass.driver]
  if (!driver) throw new Error(`no driver for ${pass.driver}`)
  return (await driver())(pass, hooks)
}
