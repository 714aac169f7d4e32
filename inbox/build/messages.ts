/** Compiles locale files to message trees while building, so the browser ships no message compiler. */
import { baseCompile, type CompileError } from '@intlify/message-compiler'
import type { Plugin } from 'vite'

type Sentences = { [key: string]: string | Sentences }
type Trees = { [key: string]: unknown }

const LOCALE_FILE = /\/src\/locales\/[^/]+\/[^/]+\.json$/

export function compileMessages(): Plugin {
  return {
    name: 'yizhan-messages',
    enforce: 'pre',
    transform(source, id) {
      if (!LOCALE_FILE.test(id)) return null
      return { code: JSON.stringify(compiled(JSON.parse(source) as Sentences, id)), map: null }
    },
  }
}

function compiled(sentences: Sentences, where: string): Trees {
  return Object.fromEntries(
    Object.entries(sentences).map(([key, value]) => [
      key,
      typeof value === 'string' ? tree(value, `${where}: ${key}`) : compiled(value, `${where}: ${key}`),
    ]),
  )
}

function tree(sentence: string, where: string): unknown {
  const onError = (error: CompileError): never => {
    throw new Error(`${where}: ${error.message}`)
  }
  return baseCompile(sentence, { jit: true, optimize: true, minify: true, location: false, onError }).ast
}
