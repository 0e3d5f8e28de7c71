import '@mantine/charts/styles.css'
import { BarChart } from '@mantine/charts'
import { Box, Button, Group, Paper, ScrollArea, Table, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useTenant } from '../api/session'
import { useSay } from '../i18n'
import { dateTime, money, number } from '../ui/format'
import { uiWords } from '../ui/words'
import type { Dashboard, Range } from './api'
import { dashboardWords } from './words'

/** Orders over time as bars or, for whoever cannot read a chart, as a table. */
export default function Series({ data, range }: { data: Dashboard; range: Range }) {
  const say = useSay(dashboardWords)
  const ui = useSay(uiWords)
  const { time_zone } = useTenant()
  const [asTable, { toggle }] = useDisclosure()
  const style = data.step === 'hour' && range === 'today' ? 'time' : 'date'
  const { currency } = data
  const rows = data.series.map((point, index) => ({
    ...point,
    time: dateTime(point.at, time_zone, style),
    before: data.previous_series[index]?.orders ?? 0,
  }))
  const title = data.step === 'hour' ? say('perHour') : say('perDay')
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          {title}
        </Title>
        <Button size="compact-sm" variant="subtle" onClick={toggle} aria-pressed={asTable}>
          {asTable ? ui('asChart') : ui('asTable')}
        </Button>
      </Group>
      {asTable ? (
        <ScrollArea.Autosize mah={320} viewportProps={{ tabIndex: 0 }}>
          <Table stickyHeader>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{say('time')}</Table.Th>
                <Table.Th scope="col" ta="right">
                  {say('orders')}
                </Table.Th>
                <Table.Th scope="col" ta="right">
                  {say('revenue')}
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(row => (
                <Table.Tr key={row.at}>
                  <Table.Th scope="row" fw={400}>
                    {row.time}
                  </Table.Th>
                  <Table.Td ta="right">{number(row.orders)}</Table.Td>
                  <Table.Td ta="right">{money(row.revenue, currency)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea.Autosize>
      ) : (
        <Box role="img" aria-label={say('chart.label')}>
          <BarChart
            h={220}
            data={rows}
            dataKey="time"
            series={[
              { name: 'orders', label: say('orders'), color: 'teal.7' },
              { name: 'before', label: say('before'), color: 'gray.5' },
            ]}
            withLegend
            withTooltip
            tickLine="none"
            gridAxis="y"
            barProps={{ radius: 3, isAnimationActive: false }}
            barChartProps={{ accessibilityLayer: false }}
            yAxisProps={{ allowDecimals: false, width: 36 }}
          />
        </Box>
      )}
    </Paper>
  )
}
