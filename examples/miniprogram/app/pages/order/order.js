const { noticeTemplate } = require('../../config')

Page({
  data: { id: '991', canNotify: Boolean(noticeTemplate) },

  onLoad({ id }) {
    if (id) this.setData({ id })
  },

  // WeChat asks only in answer to a tap. It tells the hub itself what the customer chose; one yes is one notice.
  askForNotice() {
    wx.requestSubscribeMessage({
      tmplIds: [noticeTemplate],
      success: (answers) => {
        if (answers[noticeTemplate] === 'accept') wx.showToast({ title: '好的，有回复会通知您', icon: 'none' })
      },
      fail: ({ errMsg }) => console.warn(errMsg),
    })
  },

  // The customer tapped a card in the chat: WeChat comes back to this page and says here where the card leads.
  openCard({ detail: { path, query } }) {
    if (!path) return
    const parameters = Object.entries(query || {}).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const page = path.startsWith('/') ? path : `/${path}`
    wx.navigateTo({ url: parameters.length ? `${page}?${parameters.join('&')}` : page })
  },
})
