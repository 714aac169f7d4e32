/** Both languages have the same keys and placeholders, every key that the code names exists, and no Han text is in the code. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const SRC = new URL('../src', import.meta.url).pathname
const LOCALES = join(SRC, 'locales')
const FIRST = 'zh-CN'
const problems = []

function flatten(sentences, prefix) {
  return Object.entries(sentences).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${prefix}.${key}`, value]] : flatten(value, `${prefix}.${key}`),
  )
}

function read(locale) {
  const areas = readdirSync(join(LOCALES, locale)).map((file) => file.replace(/\.json$/, ''))
  return new Map(
    areas.flatMap((area) => flatten(JSON.parse(readFileSync(join(LOCALES, locale, `${area}.json`), 'utf8')), area)),
  )
}

const placeholders = (sentence) => [...new Set(sentence.match(/\{\w+\}/g))].sort().join(' ')

function compare(first, other, locale) {
  for (const [key, sentence] of first) {
    const translated = other.get(key)
    if (translated === undefined) problems.push(`${locale}: ${key} is missing`)
    else if (placeholders(sentence) !== placeholders(translated)) {
      problems.push(`${locale}: ${key} has "${placeholders(translated)}" where ${FIRST} has "${placeholders(sentence)}"`)
    }
  }
  for (const key of other.keys()) if (!first.has(key)) problems.push(`${locale}: ${key} is not in ${FIRST}`)
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* sources(path)
    else if (/\.(vue|ts)$/.test(entry.name)) yield path
  }
}

function checkSource(path, keys) {
  readFileSync(path, 'utf8')
    .split('\n')
    .forEach((line, index) => {
      const at = `${path.slice(SRC.length + 1)}:${index + 1}`
      if (/\p{Script=Han}/u.test(line)) problems.push(`${at}: Han text belongs in src/locales`)
      for (const [, key] of line.matchAll(/\bt\('([\w.-]+)'/g)) if (!keys.has(key)) problems.push(`${at}: no sentence for ${key}`)
    })
}

const first = read(FIRST)
for (const locale of readdirSync(LOCALES)) if (locale !== FIRST) compare(first, read(locale), locale)
for (const path of sources(SRC)) checkSource(path, first)

if (problems.length) {
  console.error(problems.join('\n'))
  process.exit(1)
}
console.log(`${first.size} sentences, ${readdirSync(LOCALES).length} languages`)
