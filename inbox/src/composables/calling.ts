/** What an agent can do with calls; what does not work is said in words. */
import { useI18n } from 'vue-i18n'
import { api } from '@/api/client'
import { mayHaveArrived, type Failure } from '@/api/http'
import type { Device } from '@/api/types'
import { useCalls } from '@/stores/calls'
import { usePhone } from '@/stores/phone'
import { useToasts } from '@/stores/toasts'
import { callOf } from '@/text/calls'
import { useWording } from '@/text/wording'

export function useCallActions() {
  const { t } = useI18n()
  const calls = useCalls()
  const phone = usePhone()
  const toasts = useToasts()
  const wording = useWording()

  async function tried(call: () => Promise<unknown>, done = '', refused: Record<string, string> = {}): Promise<boolean> {
    try {
      await call()
      if (done) toasts.say(done)
      return true
    } catch (error) {
      toasts.say(refused[(error as Failure).code] ?? wording.failure(error as Failure), { tone: 'danger' })
      return false
    }
  }

  /** My own phone rings next: in the browser it is taken up by itself. */
  const ringMe = (ask: () => Promise<number>): Promise<boolean> =>
    tried(async () => phone.expect(await ask()), phone.device === 'browser' ? '' : t('call.yourPhoneRings'))

  const take = (id: number): Promise<boolean> =>
    ringMe(async () => {
      calls.hear(await api.takeCall(id))
      return id
    })
  const callOut = (conversation: number): Promise<boolean> =>
    ringMe(async () => {
      const message = await api.callOut(conversation)
      await calls.load()
      return callOf(message)!.id
    })

  /** Whoever wants to be off the phone is, whether the hub answers or not. */
  const hangUp = (id: number): Promise<boolean> =>
    tried(() =>
      api.hangUp(id).catch((error) => {
        if (mayHaveArrived(error) && calls.mine?.id === id) phone.hangUp()
        throw error
      }),
    )
  const hold = (id: number, on: boolean): Promise<boolean> => tried(() => api.hold(id, on))
  const transfer = (id: number, agent: { id: number; name: string }): Promise<boolean> =>
    tried(() => api.transfer(id, agent.id), t('call.transferring', agent), { no_device: t('call.takesNoCalls', agent) })
  const choose = (device: Device): Promise<boolean> => tried(() => phone.choose(device))

  return { take, callOut, hangUp, hold, transfer, choose }
}
