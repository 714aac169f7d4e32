/** Files on their way to the hub, before the message that takes them along. */
import { computed, onScopeDispose, shallowRef, type ComputedRef, type ShallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { upload, type Failure } from '@/api/http'
import type { Attachment } from '@/api/types'
import { useToasts } from '@/stores/toasts'
import { size } from '@/text/time'
import type { FileRefusal } from '@/text/uploads'
import { useWording } from '@/text/wording'

export interface Upload {
  key: number
  name: string
  share: number
  attachment: Attachment | null
  preview: string | null
  /** Why it did not arrive; it can be tried again. */
  problem: string
  file: File
  cancel: () => void
}

export interface Uploads {
  list: Readonly<ShallowRef<Upload[]>>
  waiting: ComputedRef<boolean>
  failed: ComputedRef<boolean>
  add: (files: Iterable<File>) => void
  remove: (key: number) => void
  retry: (key: number) => void
  /** What is there now goes with a message. */
  take: () => Attachment[]
}

let lastKey = 0

/** `refuse` decides before a byte travels. */
export function useUploads(refuse: (file: File) => FileRefusal | null = () => null): Uploads {
  const { t, locale } = useI18n()
  const toasts = useToasts()
  const wording = useWording()
  const list = shallowRef<Upload[]>([])
  const waiting = computed(() => list.value.some((one) => !one.attachment && !one.problem))
  const failed = computed(() => list.value.some((one) => one.problem))

  function add(files: Iterable<File>): void {
    for (const file of files) addOne(file)
  }

  function addOne(file: File): void {
    const refusal = refuse(file)
    if (refusal) return toasts.say(refusalWords(file, refusal), { tone: 'danger' })
    const key = (lastKey += 1)
    const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : null
    list.value = [...list.value, { key, name: file.name, share: 0, attachment: null, preview, problem: '', file, cancel: () => undefined }]
    start(key, file)
  }

  function start(key: number, file: File): void {
    const { done, cancel } = upload(file, (share) => change(key, { share }))
    change(key, { cancel, problem: '', share: 0 })
    done
      .then((attachment) => change(key, { attachment, share: 1 }))
      .catch((error: unknown) => change(key, { problem: wording.failure(error as Failure) }))
  }

  function retry(key: number): void {
    const one = list.value.find((other) => other.key === key)
    if (one?.problem) start(key, one.file)
  }

  function refusalWords(file: File, refusal: FileRefusal): string {
    if (refusal.code === 'kind') return t('thread.upload.kind', { kind: t(`thread.kind.${refusal.kind}`) })
    if (refusal.code === 'mime') return t('thread.upload.mime', { name: file.name })
    return t('thread.upload.tooBig', { name: file.name, limit: size(refusal.limit, locale.value) })
  }

  function change(key: number, part: Partial<Upload>): void {
    list.value = list.value.map((one) => (one.key === key ? { ...one, ...part } : one))
  }

  function remove(key: number): void {
    const one = list.value.find((other) => other.key === key)
    list.value = list.value.filter((other) => other.key !== key)
    if (one) drop(one)
  }

  function take(): Attachment[] {
    const taken = list.value.flatMap(({ attachment }) => attachment ?? [])
    list.value.forEach(forgetPreview)
    list.value = []
    return taken
  }

  function drop(one: Upload): void {
    if (!one.attachment) one.cancel()
    forgetPreview(one)
  }

  function forgetPreview(one: Upload): void {
    if (one.preview) URL.revokeObjectURL(one.preview)
  }

  onScopeDispose(() => list.value.forEach(drop))

  return { list, waiting, failed, add, remove, retry, take }
}
