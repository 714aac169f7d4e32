/** Twilio's own phone for browsers. https://www.twilio.com/docs/voice/sdks/javascript */
import { Call, Device } from '@twilio/voice-sdk'
import type { Driver } from './softphone'

const RENEW_BEFORE = 60_000

export const connect: Driver = async (pass, hooks) => {
  const device = new Device(pass.token, { closeProtection: false, tokenRefreshMs: RENEW_BEFORE })
  let call: Call | null = null

  const over = (): void => {
    call = null
    hooks.state('ready')
  }
  device.on('registered', () => hooks.state(call ? 'talking' : 'ready'))
  device.on('unregistered', () => hooks.state('lost'))
  device.on('error', () => call || hooks.state('lost'))
  device.on('tokenWillExpire', () => void hooks.renew().then(({ token }) => device.updateToken(token), () => undefined))
  device.on('incoming', (incoming: Call) => {
    if (call) return incoming.reject()
    call = incoming
    incoming.on('accept', () => hooks.state('talking'))
    incoming.on('reconnecting', () => hooks.state('lost'))
    incoming.on('reconnected', () => hooks.state('talking'))
    for (const end of ['cancel', 'disconnect', 'reject']) incoming.on(end, over)
    hooks.state('ringing')
  })
  await device.register()
  return {
    accept: () => call?.accept(),
    reject: () => call?.reject(),
    mute: (on) => call?.mute(on),
    digits: (keys) => call?.sendDigits(keys),
    hangUp: () => call?.disconnect(),
    stop: () => device.destroy(),
  }
}
