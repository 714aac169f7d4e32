/** What an agent can do with calls; what does not work is said in words. */
import { useI18n } from 'vue-i18n'
import { api, type Failure } from '@/api/client'
import type { Device } from '@/api/types'
import { useCalls } from '@/stores/calls'
import { usePhone } from '@/stores/phone'
import { useToasts } from '@/stores/toasts'
import { useWording } from '@/text/wording'

export function useCallActions() {
  const { t } = useI18n()
  const calls = useCalls()
  const phone = usePhone()
  const toasts = useToasts()
  const wording = useWording()

  async function tried(call: () => Promise<unknown>, done = ''): Promise<boolean> {
    try {
      await call()
      if (done) toasts.say(done)
      return true
    } catch (error) {
      toasts.say(wording.failure(error as Failure), { tone: 'danger' })
      return false
    }
  }

  /** My own phone rings next: in the browser it is taken up by itself. */
  async function ringMe(call: () => Promise<unknown>): Promise<void> {
    phone.expected = phone.device === 'browser'
    if (!(await tried(call, phone.expected ? '' : t('call.yourPhoneRings')))) phone.expected = false
  }

  const take = (id: number): Promise<void> => ringMe(async () => calls.hear(await api.takeCall(id)))
  const callOut = (conversation: number): Promise<void> => ringMe(() => api.callOut(conversation))
  const hangUp = (id: number): Promise<boolean> => tried(() => api.hangUp(id))
  const hold = (id: number, on: boolean): Promise<boolean> => tried(() => api.hold(id, on))
  const transfer = (id: number, agent: { id: number; name: string }): Promise<boolean> =>
    tried(() => api.transfer(id, agent.id), t('call.transferring', { name: agent.name }))
  const choose = (device: Device): Promise<boolean> => tried(() => phone.choose(device))

  return { take, callOut, hangUp, hold, transfer, choose }
}
