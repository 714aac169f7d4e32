/* What a page has to hold, beside axe's rules: each fault is [rule, element, what it is]. */
window.bars = (() => {
  const ACTS = 'a[href], button, input, select, textarea, summary, [role=button], [role=menuitem], [role=menuitemradio], [role=tab], [role=option], [role=switch]'
  // What fingers use most, and what the design makes large for them.
  const LARGE = '.button:not(.button--link), .field__input, .menu__item, [data-row], .tabs__tab'
  const LEAST = 23.5
  const LARGE_LEAST = 43.5
  const EDGE = 6 // of what scrolls: padding and border

  const named = (element) => {
    const name = [...element.classList].slice(0, 2).map((each) => `.${each}`).join('')
    const text = (element.getAttribute('aria-label') || element.textContent || '').trim().slice(0, 24)
    return `${element.localName}${element.id ? `#${element.id}` : ''}${name} "${text}"`
  }
  const shown = (element) =>
    element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && element.getBoundingClientRect().width > 2 && !element.closest('.skips, .hidden-visually, [aria-hidden=true]')
  /** The menu or dialog that lies over everything else. */
  const top = () => [...document.querySelectorAll('[role=dialog], [role=alertdialog], [role=menu]')].filter(shown).at(-1) ?? document.body

  const inText = (element) =>
    element.localName === 'a' && getComputedStyle(element).display === 'inline' && element.parentElement.textContent.trim() !== element.textContent.trim()

  function box(element) {
    const label = element.matches('input[type=checkbox], input[type=radio], input[type=file]') ? element.closest('label') : null
    return (label ?? element).getBoundingClientRect()
  }

  function* targets(isPhone) {
    for (const element of top().querySelectorAll(ACTS)) {
      if (!shown(element) || inText(element)) continue
      const { width, height } = box(element)
      const least = isPhone && element.matches(LARGE) ? LARGE_LEAST : LEAST
      if (Math.min(width, height) < LEAST || height < least) yield ['target', named(element), `${Math.round(width)} × ${Math.round(height)}`]
    }
  }

  function isCut(element, x, y) {
    for (let at = element.parentElement; at; at = at.parentElement) {
      if (getComputedStyle(at).overflow === 'visible') continue
      const { left, right, top, bottom } = at.getBoundingClientRect()
      if (x < left + EDGE || x > right - EDGE || y < top + EDGE || y > bottom - EDGE) return true
    }
    return x < 0 || y < 0 || x >= innerWidth || y >= innerHeight
  }

  function* covered() {
    for (const element of top().querySelectorAll(ACTS)) {
      if (!shown(element) || element.disabled || inText(element)) continue
      const { left, top, width, height } = box(element)
      const [x, y] = [left + width / 2, top + height / 2]
      if (isCut(element, x, y)) continue
      const hit = document.elementFromPoint(x, y)
      const whole = element.closest('label') ?? element
      if (!hit || !(whole.contains(hit) || hit.contains(element))) yield ['covered', named(element), hit ? `by ${named(hit)}` : 'by nothing']
      else if (hit !== element && hit.contains(element) && getComputedStyle(element).pointerEvents !== 'none' && !element.matches('input, textarea')) {
        yield ['covered', named(element), `by its parent ${named(hit)}`]
      }
    }
  }

  function* sideways() {
    const root = document.documentElement
    const wide = root.scrollWidth - root.clientWidth
    if (wide <= 0) return
    const widest = [...document.body.querySelectorAll('*')].filter((each) => shown(each) && each.getBoundingClientRect().right > innerWidth + 1).at(-1)
    yield ['sideways', widest ? named(widest) : 'html', `${wide} px`]
  }

  /** One word per line in a button, and words that are cut without a sign of it. */
  function* broken() {
    for (const element of top().querySelectorAll('.button, .tabs__tab, .menu__item')) {
      if (shown(element) && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).textOverflow !== 'ellipsis') {
        yield ['cut', named(element), `${element.scrollWidth} in ${element.clientWidth} px`]
      }
    }
  }

  function* document_(language) {
    if (document.documentElement.lang !== language) yield ['lang', 'html', document.documentElement.lang]
    if (!document.title.trim()) yield ['title', 'html', '']
    const heads = [...document.querySelectorAll('h1')].filter(shown)
    if (top() === document.body && heads.length !== 1) yield ['h1', 'html', `${heads.length} of them`]
  }

  async function axed(rules) {
    const { violations } = await axe.run(document, { ...rules, resultTypes: ['violations'], elementRef: false })
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => [id, node.target.flat().join(' '), node.any.concat(node.all)[0]?.message ?? '']))
  }

  const whole = async (tags, language, isPhone) => [
    ...document_(language), ...sideways(), ...targets(isPhone), ...covered(), ...broken(),
    ...(await axed({ runOnly: { type: 'tag', values: tags } })),
  ]
  const colours = () => axed({ runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } })
  const layout = (isPhone) => [...sideways(), ...covered(), ...broken(), ...targets(isPhone)]
  return { whole, colours, layout, sideways: () => [...sideways()] }
})()
