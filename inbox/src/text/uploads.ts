/** Which files a channel takes, decided before a byte of them travels. */
import type { MediaLimit } from '@/api/types'

export type FileRefusal = { code: 'kind'; kind: string } | { code: 'mime' } | { code: 'tooBig'; limit: number }
export type MediumName = 'image' | 'audio' | 'video' | 'file'

/** Browsers do not know all of these endings, and leave a file without a type. */
const ENDINGS: Record<string, string> = {
  amr: 'audio/amr', mp3: 'audio/mpeg', m4a: 'audio/mp4', wav: 'audio/wav', ogg: 'audio/ogg', mp4: 'video/mp4',
  jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', gif: 'image/gif', webp: 'image/webp', pdf: 'application/pdf',
}

export const MEDIA: MediumName[] = ['image', 'audio', 'video', 'file']

export function kindOf(mime: string): MediumName {
  const major = mime.split('/')[0] ?? ''
  return MEDIA.find((name) => name === major) ?? 'file'
}

export const mimeOf = (file: { type: string; name?: string }): string =>
  file.type || ENDINGS[file.name?.split('.').at(-1)?.toLowerCase() ?? ''] || ''

/** For a file picker: types, and endings for those that browsers do not know. */
export function acceptOf(kind: MediumName, { mimes }: MediaLimit): string {
  if (!mimes) return kind === 'file' ? '' : `${kind}/*`
  const endings = Object.keys(ENDINGS).filter((ending) => mimes.includes(ENDINGS[ending]!))
  return [...mimes, ...endings.map((ending) => `.${ending}`)].join(',')
}

export function fileRefusal(
  file: { type: string; size: number; name?: string },
  media: Record<string, MediaLimit>,
): FileRefusal | null {
  const mime = mimeOf(file)
  const kind = kindOf(mime)
  const limit = media[kind]
  if (!limit) return { code: 'kind', kind }
  if (limit.mimes && !limit.mimes.includes(mime)) return { code: 'mime' }
  if (limit.bytes && file.size > limit.bytes) return { code: 'tooBig', limit: limit.bytes }
  return null
}
