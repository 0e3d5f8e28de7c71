import { Group, Radio, SimpleGrid, Text } from '@mantine/core'
import IconBed from '@tabler/icons-react/dist/esm/icons/IconBed.mjs'
import IconBuildingWarehouse from '@tabler/icons-react/dist/esm/icons/IconBuildingWarehouse.mjs'
import IconCalendar from '@tabler/icons-react/dist/esm/icons/IconCalendarTime.mjs'
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs'
import IconGift from '@tabler/icons-react/dist/esm/icons/IconGift.mjs'
import IconSoup from '@tabler/icons-react/dist/esm/icons/IconSoup.mjs'
import type { ReactNode } from 'react'
import { useSay } from '../i18n'
import classes from './IndustryCards.module.css'
import { authWords } from './words'

const known = {
  retail: IconGift,
  restaurant: IconSoup,
  hospitality: IconBed,
  services: IconCalendar,
  wholesale: IconBuildingWarehouse,
  digital: IconDownload,
}
type Known = keyof typeof known

type Props = { industries?: { id: string }[]; value?: string; onChange?: (value: string) => void; error?: ReactNode }

export function IndustryCards({ industries, value, onChange, error }: Props) {
  const say = useSay(authWords)
  const offered = Object.keys(known).filter(id => !industries || industries.some(one => one.id === id)) as Known[]
  return (
    <Radio.Group label={say('industry')} required value={value ?? ''} onChange={onChange ?? (() => {})} error={error}>
      <SimpleGrid cols={{ base: 1, xs: 2 }} mt={4} spacing="xs">
        {offered.map(id => {
          const Icon = known[id]
          return (
            <Radio.Card key={id} value={id} className={classes.card} aria-label={say(`industry.${id}`)}>
              <Group wrap="nowrap" gap="sm" align="flex-start">
                <Icon size={24} aria-hidden stroke={1.6} style={{ flexShrink: 0 }} />
                <div>
                  <Text size="sm" fw={600}>
                    {say(`industry.${id}`)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {say(`industry.${id}.text`)}
                  </Text>
                </div>
              </Group>
            </Radio.Card>
          )
        })}
      </SimpleGrid>
    </Radio.Group>
  )
}
