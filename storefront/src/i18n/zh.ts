/** The Chinese of every component; i18n/parity.test.ts keeps it complete. */
export const zh = {
  ui: {
    close: '关闭',
    back: '返回',
    optional: '选填',
    retry: '重试',
    loading: '加载中…',
    less: '减少一份：{name}',
    more: '增加一份：{name}',
    quantity: '数量',
    errorTitle: '出了点问题',
    requestId: '客服参考编号：{id}',
    networkTitle: '暂时连不上店铺',
    networkText: '请检查网络后重试，您的内容没有丢失。'
  }
}
