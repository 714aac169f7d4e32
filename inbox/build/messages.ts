/** Compiles locale files to message trees while building, so the browser ships no message compiler. */
import { baseCompile, type CompileError } from '@intlify/message-compiler'
import type { Plugin } from 'vite'

type Sentences = { [key: string]: string | Sentences }
type Trees = { [key: string]: unknown }

const LOCALE_FILE = /\/src\/locales\/[^/]+\/[^/]+\.json$/

/** `vite build --mode pseudo`: English with accents and some 40 % longer, to see what longer languages would break. */
const ACCENTED: Record<string, string> = { a: '\u00e1\u00e1', e: '\u00e9\u00e9', i: '\u00ed\u00ed', o: '\u00f3\u00f3', u: '\u00fa\u00fa' }
const PLACED = /(\{[^}]*\}|@[.:\w]+|\|)/

const longer = (sentence: string): string =>
  sentence
    .split(PLACED)
    .map((part, at) => (at % 2 ? part : part.replace(/[aeiou]/g, (vowel) => ACCENTED[vowel]!)))
    .join('')

export function compileMessages(): Plugin {
  let isPseudo = false
  return {
    name: 'yizhan-messages',
    enforce: 'pre',
    configResolved({ mode }) {
      isPseudo = mode === 'pseudo'
    },
    transform(source, id) {
      if (!LOCALE_FILE.test(id)) return null
      const worded = isPseudo && id.includes('/en/') ? longer : (sentence: string) => sentence
      return { code: JSON.stringify(compiled(JSON.parse(source) as Sentences, id, worded)), map: null }
    },
  }
}

function compiled(sentences: Sentences, where: string, worded: (sentence: string) => string): Trees {
  return Object.fromEntries(
    Object.entries(sentences).map(([key, value]) => [
      key,
      typeof value === 'string' ? tree(worded(value), `${where}: ${key}`) : compiled(value, `${where}: ${key}`, worded),
    ]),
  )
}

function tree(sentence: string, where: string): unknown {
  const onError = (error: CompileError): never => {
    throw new Error(`${where}: ${error.message}`)
  }
  return baseCompile(sentence, { jit: true, optimize: true, minify: true, location: false, onError }).ast
}
