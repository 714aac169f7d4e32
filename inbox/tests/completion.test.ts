/** The list at the caret, and whose keys are whose. */
import { effectScope, ref, shallowRef, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { useCompletion, type ListKeys } from '@/composables/completion'

describe('the list at the caret', () => {
  let box: HTMLTextAreaElement
  let scope: EffectScope
  let taken: string[]
  const list = shallowRef<ListKeys | null>(null)

  function open(text: string): ReturnType<typeof useCompletion> {
    scope = effectScope()
    const completion = scope.run(() => useCompletion(ref(box), list, () => ['canned', 'emoji']))!
    write(text)
    completion.look()
    return completion
  }

  function write(text: string): void {
    box.value = text
    box.focus()
    box.setSelectionRange(text.length, text.length)
  }

  const key = (name: string, init: KeyboardEventInit = {}): KeyboardEvent =>
    new KeyboardEvent('keydown', { key: name, cancelable: true, ...init })

  beforeEach(() => {
    box = document.createElement('textarea')
    document.body.append(box)
    taken = []
    list.value = { pressed: ({ key }) => ['Enter', 'ArrowDown'].includes(key) && taken.push(key) > 0 }
  })
  afterEach(() => {
    scope.stop()
    box.remove()
  })

  it('has its own keys, and leaves the others', () => {
    const { pressed } = open('/tk')
    const down = key('ArrowDown')
    expect([pressed(down), down.defaultPrevented]).toEqual([true, true])
    expect([pressed(key('Enter')), pressed(key('x')), pressed(key('Enter', { ctrlKey: true }))]).toEqual([true, false, false])
    expect(taken).toEqual(['ArrowDown', 'Enter'])
  })

  it('takes no key from an input method', () => {
    const { pressed, isOpen } = open('/tk')
    expect([pressed(key('Enter', { isComposing: true })), pressed(key('Escape', { isComposing: true }))]).toEqual([false, false])
    expect([taken, isOpen.value]).toEqual([[], true])
  })

  it('holds Enter back until it is there: nobody is sent "/tk"', () => {
    list.value = null
    const { pressed } = open('/tk')
    expect([pressed(key('Enter')), pressed(key('Tab')), pressed(key('x'))]).toEqual([true, true, false])
  })

  it('stays closed until another sign is written', () => {
    const { pressed, isOpen, look } = open('/tk')
    pressed(key('Escape'))
    write('/tks')
    look()
    expect(isOpen.value).toBe(false)
    expect(pressed(key('Enter'))).toBe(false)
    write('/tks /')
    look()
    expect(isOpen.value).toBe(true)
  })

  it('opens by a button where no sign is, and closes at a space', () => {
    const completion = open('您好，')
    completion.open('canned')
    write('您好，tk')
    completion.look()
    expect(completion.trigger.value).toEqual({ mark: 'canned', from: 3, query: 'tk' })
    write('您好，tk ')
    completion.look()
    expect(completion.isOpen.value).toBe(false)
  })

  it('is closed where the caret is elsewhere, or something is selected', () => {
    const { isOpen, look } = open('/tk')
    box.setSelectionRange(0, 3)
    look()
    expect(isOpen.value).toBe(false)
    write('/tk')
    box.blur()
    look()
    expect(isOpen.value).toBe(false)
  })
})
