/** Putting my last note right: it comes back into the box, and goes where it was. */
import { shallowRef, type Ref } from 'vue'
import { canned } from '@/api/canned'
import type { Failure } from '@/api/http'
import type { Message } from '@/api/types'
import { useSession } from '@/stores/session'
import { useThreads } from '@/stores/threads'
import { useToasts } from '@/stores/toasts'
import { useWording } from '@/text/wording'

export function useNoteEditing(conversation: () => number, text: Ref<string>) {
  const session = useSession()
  const threads = useThreads()
  const toasts = useToasts()
  const wording = useWording()
  const editing = shallowRef<Message | null>(null)

  function begin(): boolean {
    const mine = (one: Message): boolean =>
      one.direction === 'note' && one.kind === 'text' && one.author.kind === 'agent' && one.author.id === session.me?.id
    editing.value = [...(threads.byId.get(conversation())?.messages ?? [])].reverse().find(mine) ?? null
    if (editing.value) text.value = editing.value.text
    return editing.value !== null
  }

  function cancel(): void {
    editing.value = null
    text.value = ''
  }

  async function save(): Promise<void> {
    const note = editing.value
    const written = text.value.trim()
    if (!note || !written) return
    cancel()
    if (written === note.text) return
    try {
      threads.hear(await canned.editNote(note.id, written))
    } catch (error) {
      // What was written comes back, unless something else is by now.
      if (!text.value) [editing.value, text.value] = [note, written]
      toasts.say(wording.failure(error as Failure), { tone: 'danger' })
    }
  }

  return { editing, begin, cancel, save }
}
