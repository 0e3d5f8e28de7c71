import { Group, Kbd, Modal, Stack, Switch, Table, Text } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import { useCan } from '../api/session'
import { useSay } from '../i18n'
import { useGo } from '../ui/A'
import { openPalette } from './Palette'
import { usePages } from './pages'
import { shellWords } from './words'

const shown = 'allhours:keys'

export function showKeys() {
  dispatchEvent(new Event(shown))
}

/** Single-key shortcuts can be switched off (WCAG 2.1.4), and never fire while someone types or composes Chinese. */
export function useSingleKeys() {
  return useLocalStorage({ key: 'allhours-single-keys', defaultValue: true, getInitialValueInEffect: false })
}

/** Whether a key press is meant for the page and not for a field, a dialog or an input method. */
export function isForPage(event: KeyboardEvent) {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return false
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  const at = event.target
  if (!(at instanceof HTMLElement)) return true
  return !at.isContentEditable && !at.closest('input,textarea,select,[role=dialog],[role=menu],[role=combobox]')
}

export function Keys() {
  const say = useSay(shellWords)
  const pages = usePages()
  const can = useCan()
  const go = useGo()
  const [opened, setOpened] = useState(false)
  const [single, setSingle] = useSingleKeys()
  const chord = useRef(0)

  useEffect(() => {
    const show = () => setOpened(true)
    addEventListener(shown, show)
    return () => removeEventListener(shown, show)
  }, [])

  useEffect(() => {
    if (!single) return
    function press(event: KeyboardEvent) {
      if (!isForPage(event)) return
      const inChord = Date.now() - chord.current < 1500
      chord.current = 0
      if (inChord) {
        const page = pages.find(page => page.key === event.key)
        if (page) go(page.to)
      } else if (event.key === 'g') {
        chord.current = Date.now()
        return
      } else if (event.key === '?') setOpened(true)
      else if (event.key === '/') openPalette()
      else if (event.key === 'c' && can('orders:write')) go('/orders/new')
      else return
      event.preventDefault()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [single, pages, go, can])

  const rows: [string[], string][] = [
    [['/', 'Ctrl K', '⌘ K'], say('keys.search')],
    [['?'], say('keys.help')],
    [['C'], say('keys.newOrder')],
    [['J', 'K'], say('keys.next')],
    [['G'], say('keys.go')],
    ...pages
      .filter(page => page.key)
      .map((page): [string[], string] => [['G', (page.key ?? '').toUpperCase()], say(page.label)]),
  ]
  return (
    <Modal opened={opened} onClose={() => setOpened(false)} title={say('keysList')}>
      <Stack>
        <Switch
          label={say('keys.single')}
          description={say('keys.single.hint')}
          checked={single}
          onChange={e => setSingle(e.currentTarget.checked)}
        />
        <Table verticalSpacing={4}>
          <Table.Tbody>
            {rows.map(([keys, text]) => (
              <Table.Tr key={text}>
                <Table.Th scope="row" w={140}>
                  <Group gap={4}>
                    {keys.map(key => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </Group>
                </Table.Th>
                <Table.Td>
                  <Text size="sm">{text}</Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Stack>
    </Modal>
  )
}
