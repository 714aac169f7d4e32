"""Aliyun's SMS service on loopback: approved templates to phones of mainland China, reports and answers from them."""
