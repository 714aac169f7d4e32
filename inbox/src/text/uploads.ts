/** Whether a channel takes a file, decided before a byte of it travels. */
import type { MediaLimit } from '@/api/types'

export type FileRefusal = { code: 'kind'; kind: string } | { code: 'mime' } | { code: 'tooBig'; limit: number }

export function kindOf(mime: string): string {
  const major = mime.split('/')[0] ?? ''
  return ['image', 'audio', 'video'].includes(major) ? major : 'file'
}

export function fileRefusal(file: { type: string; size: number }, media: Record<string, MediaLimit>): FileRefusal | null {
  const kind = kindOf(file.type)
  const limit = media[kind]
  if (!limit) return { code: 'kind', kind }
  if (limit.mimes.length && !limit.mimes.includes(file.type)) return { code: 'mime' }
  if (limit.bytes && file.size > limit.bytes) return { code: 'tooBig', limit: limit.bytes }
  return null
}
