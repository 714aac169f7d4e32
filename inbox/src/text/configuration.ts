/** The configuration as it is searched: by file, section, key and value. */
import type { ConfigSection } from '@/api/settings'

export interface ConfigFile {
  name: string
  count: number
  sections: ConfigSection[]
}

/** Every word must be somewhere: in the name of the file, the section, the key or the value. */
export function found(sections: readonly ConfigSection[], wanted: string): ConfigFile[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  const files = new Map<string, ConfigSection[]>()
  for (const section of sections) {
    const entries = section.entries.filter(({ key, value }) => {
      const text = `${section.file} ${section.section} ${key} ${value}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    if (entries.length) files.set(section.file, [...(files.get(section.file) ?? []), { ...section, entries }])
  }
  return [...files].map(([name, own]) => ({ name, sections: own, count: own.reduce((sum, { entries }) => sum + entries.length, 0) }))
}
