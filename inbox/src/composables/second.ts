/** The clock in seconds, ticking only while something on the screen counts them. */
import { onScopeDispose, ref, type Ref } from 'vue'

export function useSeconds(): Ref<number> {
  const second = ref(Date.now())
  const timer = setInterval(() => (second.value = Date.now()), 1_000)
  onScopeDispose(() => clearInterval(timer))
  return second
}
