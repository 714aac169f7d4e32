/** Twilio's own phone for browsers. https://www.twilio.com/docs/voice/sdks/javascript */
import { Call, Device } from '@twilio/voice-sdk'
import type { Driver, SoftphoneState } from './softphone'

const RENEW_BEFORE = 60_000
/** Refused by the agent or the browser, and taken away by the system. */
const NO_MICROPHONE = [31401, 31402]

export const connect: Driver = async (pass, hooks) => {
  const device = new Device(pass.token, { closeProtection: false, tokenRefreshMs: RENEW_BEFORE })
  let call: Call | null = null
  let stopped = false

  // A device that is put away still says that it is no longer registered.
  const tell = (state: SoftphoneState): void => void (stopped || hooks.state(state))

  function ring(incoming: Call): void {
    if (call) return incoming.reject()
    call = incoming
    incoming.on('accept', () => tell('talking'))
    incoming.on('reconnecting', () => tell('reconnecting'))
    incoming.on('reconnected', () => tell('talking'))
    for (const end of ['cancel', 'disconnect', 'reject']) incoming.on(end, over)
    tell('ringing')
  }

  function over(): void {
    call = null
    tell('ready')
  }

  device.on('registered', () => call || tell('ready'))
  device.on('unregistered', () => call || tell('lost'))
  device.on('error', ({ code }: { code: number }) => {
    if (NO_MICROPHONE.includes(code)) hooks.deaf()
    else if (!call) tell('lost')
  })
  device.on('tokenWillExpire', () => void hooks.renew().then(({ token }) => device.updateToken(token), () => undefined))
  device.on('incoming', ring)
  await device.register()
  // Our own tone rings, so that all phones sound alike and no sound is fetched from elsewhere.
  device.audio?.incoming(false)
  return {
    accept: () => call?.accept(),
    reject: () => call?.reject(),
    mute: (on) => call?.mute(on),
    digits: (keys) => call?.sendDigits(keys),
    hangUp: () => call?.disconnect(),
    stop: () => {
      stopped = true
      device.destroy()
    },
  }
}
