import { useEffect, useState } from 'react'
import { useText } from '../i18n/use-text'
import { payText } from './messages'

const quiet = 4

/** qrPath is the dark modules of a code as one SVG path, with the quiet zone around it. */
export function qrPath(modules: boolean[][]): { d: string; size: number } {
  const runs = modules.flatMap((row, y) => {
    const parts: string[] = []
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue
      const start = x
      while (row[x + 1]) x++
      parts.push(`M${start + quiet} ${y + quiet}h${x - start + 1}v1h-${x - start + 1}z`)
    }
    return parts
  })
  return { d: runs.join(''), size: modules.length + 2 * quiet }
}

/** useQR encodes a text; the encoder is loaded when the first code is shown. */
export function useQR(text: string) {
  const [code, setCode] = useState<ReturnType<typeof qrPath>>()
  useEffect(() => {
    let here = true
    void import('uqr').then(({ encode }) => {
      if (here) setCode(qrPath(encode(text, { ecc: 'M', border: 0 }).data))
    })
    return () => {
      here = false
    }
  }, [text])
  return code
}

/** QR is always black on white, whatever the colours of the page: scanners want it so. */
export function QR({ code, label }: { code: ReturnType<typeof qrPath> | undefined; label: string }) {
  if (!code) return <div className="skeleton mx-auto aspect-square w-full max-w-72" aria-hidden="true" />
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${code.size} ${code.size}`}
      shapeRendering="crispEdges"
      className="mx-auto block aspect-square w-full max-w-72 rounded-2xl bg-white"
      data-testid="qr"
    >
      <path d={code.d} fill="#000" />
    </svg>
  )
}

/** SaveQR keeps the code as a picture: a phone cannot scan its own screen, but its payment app can read its photos. */
export function SaveQR({ code }: { code: ReturnType<typeof qrPath> | undefined }) {
  const t = useText(payText)
  return (
    <button type="button" className="btn" disabled={!code} onClick={() => code && save(code, t.fileName)}>
      {t.saveImage}
    </button>
  )
}

function save({ d, size }: ReturnType<typeof qrPath>, fileName: string): void {
  const scale = 12
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size * scale
  const pen = canvas.getContext('2d')
  if (!pen) return
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.scale(scale, scale)
  pen.fillStyle = '#000'
  pen.fill(new Path2D(d))
  canvas.toBlob(blob => {
    if (!blob) return
    const link = document.createElement('a')
    link.href = URL.createObjectURL(blob)
    link.download = fileName
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  })
}
