/** One thing being saved: at most once at a time, and why it did not work. */
import { ref } from 'vue'
import type { Failure } from '@/api/http'
import { useWording } from '@/text/wording'

export function useSaving() {
  const wording = useWording()
  const busy = ref(false)
  const problem = ref('')

  async function save(work: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    problem.value = ''
    try {
      await work()
      return true
    } catch (error) {
      problem.value = wording.failure(error as Failure)
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, save }
}
