const { backend } = require('./config')

App({
  onLaunch() {
    wx.login({
      success: ({ code }) => code && this.introduce(code),
    })
  },

  // The code is good once and for five minutes, and says nothing to anybody without our AppSecret.
  introduce(code) {
    wx.request({
      url: `${backend}/login`,
      method: 'POST',
      data: { code },
      // Customer service works without it: the next launch tries again.
      fail: ({ errMsg }) => console.warn(errMsg),
    })
  },
})
